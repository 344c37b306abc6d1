"""a column's values -> the way in which all of them are dates"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from itertools import product

from src.contract.drafting.names import tokens
from src.contract.drafting.numbers import MISSING, MOST_WORDS
from src.contract.drafting.profile import Profile

DAYS = (
    "%Y-%m-%d",
    "%d.%m.%Y",
    "%d/%m/%Y",
    "%m/%d/%Y",
    "%d-%m-%Y",
    "%m-%d-%Y",
    "%Y/%m/%d",
    "%d.%m.%y",
    "%d/%m/%y",
    "%m/%d/%y",
)
NAMED = (
    "%b-%Y",
    "%b-%y",
    "%b %Y",
    "%B %Y",
    "%d-%b-%Y",
    "%d-%b-%y",
    "%d %b %Y",
    "%d %B %Y",
    "%d%b%Y",
    "%b %d, %Y",
    "%B %d, %Y",
)
MONTHS = ("%Y-%m", "%Y/%m", "%m/%Y", "%m-%Y")
HOURS = (
    "T%H:%M:%S",
    " %H:%M:%S",
    "T%H:%M:%S.%f",
    " %H:%M:%S.%f",
    "T%H:%M",
    " %H:%M",
    "T%H:%M:%SZ",
    "T%H:%M:%S.%fZ",
    " %I:%M:%S %p",
)
BARE = ("%Y%m%d", "%Y%m", "%m.%Y")  # numbers as well: dates where the column's name says so
MONTH_FIRST = {form: form.replace("%d/%m", "%m/%d").replace("%d-%m", "%m-%d") for form in DAYS if form[:2] == "%d"}
DATED = {"date", "dt", "day", "month", "datum", "data", "fecha", "dob", "birthdate", "birthday", "yyyymm", "yyyymmdd"}
YEARS = (1850, 2200)
UNKNOWN = {(1, 1, 1), (1753, 1, 1), (9999, 12, 31), (2999, 12, 31), (2999, 1, 1), (9999, 1, 1)}  # days that say "none"


@dataclass(frozen=True)
class Dates:
    """How a column's dates are written: all formats that fit, the words among them, and each value's day."""

    formats: tuple[str, ...]
    words: tuple[str, ...]
    days: dict[str, datetime]

    @property
    def timed(self) -> bool:
        """Say whether a time of day is written too."""
        return "%H" in self.formats[0] or "%I" in self.formats[0]


def dates_of(profile: Profile) -> Dates | None:
    """Return how the column's values are dates, or None where some are not."""
    filled = [value for value in profile.values if value.strip()]
    values = [value for value in filled if any(sign.isdigit() for sign in value)]
    words = sorted(set(filled) - set(values))
    unknown = [word for word in words if word.strip().lower() not in MISSING]
    if len(values) <= len(unknown) or not profile.shaped or len(unknown) > MOST_WORDS:
        return None
    named = bool(tokens(profile.name) & DATED)
    formats = [*DAYS, *NAMED, *MONTHS, *("".join(parts) for parts in product(DAYS, HOURS)), *(BARE if named else ())]
    for value in values:
        formats = [form for form in formats if _day(value, form)]
        if not formats:
            return None
    return Dates(tuple(formats), tuple(words), {value: day_of(value, formats[0]) for value in values})


def day_of(value: str, form: str) -> datetime:
    """Return the day that a value is; months have their English names, for no locale is ever set."""
    return datetime.strptime(value, form)


def _day(value: str, form: str) -> bool:
    """Say whether a value is a day of a year that people live in, written so."""
    try:
        day = day_of(value, form)
    except ValueError:
        return False
    padded = form not in BARE or day.strftime(form) == value
    return padded and (YEARS[0] <= day.year <= YEARS[1] or (day.year, day.month, day.day) in UNKNOWN)


def day_first(columns: Iterable[Dates], delimiter: str) -> bool:
    """Say whether the file writes the day before the month: as its plain dates do, else as its delimiter suggests."""
    formats = [dates.formats[0] for dates in columns if not doubtful(dates)]
    if any(form.startswith(("%d.", "%d/", "%d-%m")) for form in formats):
        return True
    return not any(form.startswith(("%m/%d", "%m-%d")) for form in formats) and delimiter == ";"


def doubtful(dates: Dates) -> bool:
    """Say whether day and month could change places in every value."""
    return any(form.startswith("%d") for form in dates.formats) and any(form.startswith("%m") for form in dates.formats)


def chosen(dates: Dates, first: bool) -> str:
    """Return the format to read a column with, in a file that writes the day first or not."""
    if not doubtful(dates):
        return dates.formats[0]
    return next(form for form in dates.formats if form.startswith("%d" if first else "%m"))
