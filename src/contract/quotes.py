"""the text of a row that Python's csv module refuses -> which quote is broken, and on which line"""

import re

from src.contract.dialect import Dialect


def broken_quote(text: str, line: int, dialect: Dialect) -> str | None:
    """Return what is wrong with the quotes of the row that begins the text, on that line; None for nothing."""
    if dialect.skip_initial_space:
        text = re.sub(rf"(^|[{re.escape(dialect.delimiter)}\r\n]) +", r"\1", text)
    end = _row_pattern(dialect).match(text).end()  # type: ignore[union-attr]  # it matches nothing, too
    if end == len(text) or text[end] in "\r\n":
        return None
    return _broken_quote(text, end, line + _line_ends(text, 0, end), dialect)


def one_blank(line: str, dialect: Dialect) -> str:
    """Return a line with one blank between its values, however many it has, and none before and behind them."""
    ends = len(line.rstrip("\r\n"))
    parts = re.sub(rf"({_quoted(dialect)})| +", lambda part: part[1] or " ", line[:ends], flags=re.DOTALL)
    return parts.strip(" ") + line[ends:]


def _line_ends(text: str, start: int, end: int) -> int:
    """Count the line ends in a part of a text: \\n, \\r, and \\r\\n as one."""
    return text.count("\n", start, end) + text.count("\r", start, end) - text.count("\r\n", start, end)


def _quoted(dialect: Dialect) -> str:
    """Return the pattern of a value in quotes, from its first quote to its last."""
    quote, escape = re.escape(dialect.quote_char), re.escape(dialect.escape_char or "")
    inside = [f"[^{quote}{escape}]"] + [f"{escape}."] * bool(escape) + [quote * 2] * dialect.double_quote
    return f"{quote}(?:{'|'.join(inside)})*+{quote}"


def _row_pattern(dialect: Dialect) -> re.Pattern[str]:
    """Return the pattern of a row without its line end; where a quote is broken it stops before that value.

    Its repeats are possessive (`*+`): they never try again with less, so that a file of any size is read in one pass.
    """
    quote, escape = re.escape(dialect.quote_char), re.escape(dialect.escape_char or "")
    ends = rf"{re.escape(dialect.delimiter)}\r\n"
    parts = [
        rf"[^{quote}{escape}\r\n]++",
        rf"(?<=[^{ends}]){quote}",  # within a value, as in 5", it is a sign like any other
        rf"{_quoted(dialect)}(?=[{ends}]|\Z)",
    ]
    parts += [rf"{escape}(?:.|\Z){quote}*+"] * bool(escape)  # what follows an escaped delimiter is within a value too
    return re.compile(f"(?:{'|'.join(parts)})*+", re.DOTALL)


def _broken_quote(text: str, start: int, line: int, dialect: Dialect) -> str:
    """Return what is wrong with the quoted value that begins there, on that line of the file."""
    value = re.compile(_quoted(dialect), re.DOTALL).match(text, start)
    if value is None:
        return f"line {line}: a quote begins a value and is never closed"
    last = line + _line_ends(text, start, value.end())
    since = "" if last == line else f" (the value's first quote is on line {line})"
    return f"line {last}: text after a closing quote{since}; a value is quoted whole or not at all"
