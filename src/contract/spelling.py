"""how a file writes numbers and dates -> plain numbers and days, in English whatever the locale"""

import re
from collections.abc import Callable
from datetime import date
from functools import cache

MONTHS = (
    *("january", "february", "march", "april", "may", "june"),
    *("july", "august", "september", "october", "november", "december"),
)
DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
TWO_DIGIT_YEARS = 69  # POSIX: 69 to 99 are of the last century, 00 to 68 of this one
CLOCK = r"[0-9]{2}:[0-9]{2}(?::[0-9]{2}(?:\.[0-9]+)?)?"
DAY = r"(?P<Y>[0-9]{4})-(?P<m>[0-9]{2})-(?P<d>[0-9]{2})"
FORMATS = {
    "date": DAY,
    "datetime": rf"{DAY}(?:[T ]{CLOCK} ?(?:Z|[+-][0-9]{{2}}:?[0-9]{{2}})?)?",
}
DIRECTIVES = {
    "Y": r"(?P<Y>[0-9]{4})",
    "y": r"(?P<y>[0-9]{2})",
    "m": r"(?P<m>1[0-2]|0[1-9]|[1-9])",
    "d": r"(?P<d>3[01]|[12][0-9]|0[1-9]|[1-9])",
    "b": rf"(?P<b>{'|'.join(name[:3] for name in MONTHS)})",
    "B": rf"(?P<B>{'|'.join(MONTHS)})",
    "a": rf"(?:{'|'.join(name[:3] for name in DAYS)})",
    "A": rf"(?:{'|'.join(DAYS)})",
    "H": r"(?:2[0-3]|[01][0-9]|[0-9])",
    "I": r"(?:1[0-2]|0[1-9]|[1-9])",
    "M": r"[0-5]?[0-9]",
    "S": r"(?:6[01]|[0-5]?[0-9])",
    "f": r"[0-9]{1,6}",
    "p": r"[ap]m",
    "z": r"(?:Z|[+-][0-9]{2}:?[0-9]{2})",
    "Z": r"[a-z]+",
    "%": "%",
}
WIDE = {"m": r"(?P<m>[0-9]{2})", "d": r"(?P<d>[0-9]{2})", "H": "[0-9]{2}", "M": "[0-9]{2}", "S": "[0-9]{2}"}


def date_reader(type_: str, format_: str) -> Callable[[str], date | None]:
    """Return what reads a day as Table Schema's `format` writes it; the reader returns None for anything else.

    `default` is ISO 8601, and so is `any`, which takes a date with a time or without; else it is a pattern of strptime.
    Raises ValueError for a pattern without a year, or with a part that is not read.

    >>> date_reader("date", "%b-%Y")("Dec-2011")
    datetime.date(2011, 12, 1)
    """
    pattern = _date_pattern(type_, format_)

    def read(text: str) -> date | None:
        found = pattern.fullmatch(text.strip())
        return _day(found.groupdict()) if found else None

    return read


@cache
def _date_pattern(type_: str, format_: str) -> re.Pattern[str]:
    if format_ in ("default", "any"):
        return re.compile(FORMATS["datetime" if format_ == "any" else type_], re.IGNORECASE)
    parts = re.findall(r"%(.?)|([^%]+)", format_, re.DOTALL)
    known = DIRECTIVES | (WIDE if re.search(r"%[a-zA-Z]%[a-zA-Z]", format_) else {})
    unknown = [f"%{directive}" for directive, text in parts if not text and directive not in known]
    if unknown or "%" not in format_:
        raise ValueError(f"format {format_!r}: {unknown[0] if unknown else 'a pattern such as %d/%m/%Y'} is not read")
    if not {"Y", "y"} & {directive for directive, _ in parts}:
        raise ValueError(f"format {format_!r}: a date has a year, %Y or %y")
    try:
        return re.compile("".join(re.escape(text) or known[directive] for directive, text in parts), re.IGNORECASE)
    except re.error:
        raise ValueError(f"format {format_!r}: a part of the date stands there twice") from None


def date_writer(type_: str, format_: str) -> Callable[[date], str]:
    """Return what writes a day so that `date_reader` reads it, or as much of it as the format has parts for.

    Raises ValueError for a year that two digits do not tell.

    >>> date_writer("date", "%b-%Y")(date(2011, 12, 24))
    'Dec-2011'
    """
    read = date_reader(type_, format_)

    def write(day: date) -> str:
        text = _written_day(day, type_, format_)
        found = read(text)
        if found is None or found.year != day.year:
            raise ValueError(f"{day} cannot be written as {format_}")
        return text

    return write


def _written_day(day: date, type_: str, format_: str) -> str:
    if format_ in ("default", "any"):
        return day.isoformat() + ("T00:00:00Z" if (type_, format_) == ("datetime", "default") else "")
    month, weekday = MONTHS[day.month - 1].title(), DAYS[day.weekday()].title()
    numbers = {"Y": f"{day.year:04}", "y": f"{day.year % 100:02}", "m": f"{day.month:02}", "d": f"{day.day:02}"}
    words = {"b": month[:3], "B": month, "a": weekday[:3], "A": weekday}
    clock = {"H": "00", "I": "12", "M": "00", "S": "00", "f": "000000", "p": "AM", "z": "+0000", "Z": "UTC", "%": "%"}
    return re.sub(r"%(.)", lambda part: (numbers | words | clock)[part[1]], format_, flags=re.DOTALL)


def _day(found: dict[str, str | None]) -> date | None:
    year, short = found.get("Y"), found.get("y")
    if year is None:
        year = str(int(short or 0) + (1900 if int(short or 0) >= TWO_DIGIT_YEARS else 2000))
    name = (found.get("b") or found.get("B") or "").lower()
    month = next((number for number, full in enumerate(MONTHS, 1) if name and full.startswith(name)), None)
    try:
        return date(int(year), month or int(found.get("m") or 1), int(found.get("d") or 1))
    except ValueError:
        return None


def number_reader(decimal: str, group: str, bare: bool) -> Callable[[str], str | None]:
    """Return what reads a number as the contract spells it into the text of a plain one; None for anything else.

    A group separator stands between groups of three digits. Where the number is not `bare`, what stands around it is
    stripped, as the standard says (a currency, %, a unit); a sign is never lost, so that parentheses, which are a
    bookkeeper's minus, and a minus behind the number are no part of a number.

    >>> read = number_reader(".", ",", bare=False)
    >>> [read(text) for text in ("-$1,200.50", "36 months", "12,5", "(300)", "300-")]
    ['-1200.50', '36', None, None, None]
    """
    point, digits = re.escape(decimal) or "(?!)", "[0-9]+"
    if group:
        digits = rf"[0-9]{{1,3}}(?:{re.escape(group)}[0-9]{{3}})+|[0-9]+"
    number = rf"(?P<whole>(?:{digits})?)(?P<rest>(?:{point}[0-9]*)?(?:[eE][+-]?[0-9]+)?)"
    around = r"[^0-9()+\-\u2212\u2013]*" if not bare else ""
    behind = r"(?:[^0-9()\-\u2212\u2013]|[-\u2212\u2013](?=[^\W\d_]))*" if not bare else ""  # 36-month, not 36-
    pattern = re.compile(rf"(?P<sign>[+-]?)(?P<before>{around})(?P<late>[+-]?){number}{behind}")

    def read(text: str) -> str | None:
        found = pattern.fullmatch(text.strip())
        if found is None or (found["sign"] and found["late"]):
            return None
        before, whole, rest = found["before"], found["whole"], found["rest"]
        if decimal and before.endswith(decimal) and not before[-2:-1].isalpha():  # $.50, but Rs.50
            if rest.startswith(decimal) or (group and group in whole):
                return None
            whole, rest = "", f"{decimal}{whole}{rest}"
        if not any(sign.isdigit() for sign in f"{whole}{rest.lower().partition('e')[0]}"):
            return None
        whole = whole.replace(group, "") if group else whole
        return f"{found['sign'] or found['late']}{whole}{rest.replace(decimal or '.', '.', 1)}"

    return read
