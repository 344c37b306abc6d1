"""a cell of a file -> the one number that it can be, or none

`1.234,56` and `1,234.56` have one reading each. `1.234` has two, unless the file's separator tells which mark is the
decimal one: commas between cells go with decimal points, semicolons with decimal commas. Where the field wants a whole
number it has none: nobody writes 100 as `100.000`.
"""

import re

DECIMAL = {",": ".", ";": ","}  # separator -> the decimal mark that goes with it
PLAIN = re.compile(r"[+-]?(\d+([.,]\d*)?|[.,]\d+)(e[+-]?\d+)?", re.ASCII | re.IGNORECASE)
GROUPED = re.compile(r"([+-]?[1-9]\d{0,2}(?:([.,])\d{3})(?:\2\d{3})*)(?:(?!\2)[.,](\d+))?", re.ASCII)


def number(text: str, separator: str, whole: bool) -> float | None:
    """Return the number; None where the text is none, or may be two."""
    if ambiguous(text, separator, whole):
        return None
    found = GROUPED.fullmatch(text)
    if found is not None and not single_mark(found):
        return float(f"{found[1].replace(found[2], '')}.{found[3] or 0}")
    if not PLAIN.fullmatch(text) or ("," in text and separator != ";"):
        return None
    return float(text.replace(",", "."))


def ambiguous(text: str, separator: str, whole: bool) -> bool:
    """Say whether the only mark of a text may stand before thousands or before decimals."""
    found = GROUPED.fullmatch(text)
    return found is not None and single_mark(found) and (whole or DECIMAL.get(separator) != found[2])


def single_mark(found: re.Match[str]) -> bool:
    """Say whether a grouped number has one mark and no other, with three digits behind it."""
    return found[3] is None and found[1].count(found[2]) == 1


def is_numeral(text: str) -> bool:
    """Say whether a text is made as numbers are, whichever it be."""
    return bool(PLAIN.fullmatch(text) or GROUPED.fullmatch(text))
