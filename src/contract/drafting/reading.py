"""what is known of a column -> its kind, and the words of the standard that say how to read it"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np

from src.contract.drafting import dates, numbers
from src.contract.drafting.dates import UNKNOWN, Dates
from src.contract.drafting.names import is_identifier, names_things
from src.contract.drafting.numbers import EXACT, MISSING, Numbers
from src.contract.drafting.profile import Profile
from src.contract.drafting.suspects import codes

Kind = Literal["empty", "boolean", "date", "integer", "number", "category", "text"]
PAIRS = [("true", "false"), ("t", "f"), ("yes", "no"), ("y", "n"), ("1", "0"), ("1.0", "0.0"), ("on", "off")]
OF_TEXT = {"na", "n/a", "#n/a", "nan", "null", "?", "-", "--"}  # the other words for missing may be a category
STANDARD = {"true", "True", "TRUE", "1"}, {"false", "False", "FALSE", "0"}
ALWAYS, SOMETIMES = 12, 50  # different values of a category, however few rows each has, and with enough
ENOUGH = 10  # rows a value, on average
KEPT = 30  # rows of a value that training keeps of a many-valued text
LONGEST = 1024


@dataclass
class Reading:
    """How a column is read: properties of its field, missing values, codes, and its counted values as numbers."""

    kind: Kind
    properties: dict[str, Any] = field(default_factory=dict)
    missing: list[str] = field(default_factory=list)  # words for a missing value, as the file writes them
    codes: list[str] = field(default_factory=list)  # likewise, and each seems to have a reason of its own
    categories: dict[str, int] = field(default_factory=dict)  # a value's rows
    numbers: np.ndarray | None = None
    example: Any = None
    doubt: str = ""  # what else the same digits could mean
    naming: bool = False  # numbers, read as text
    kept: int = 0  # values of a text that training would keep


@dataclass(frozen=True)
class Habits:
    """What the file's columns together say: its decimal sign, and whether its dates have the day first."""

    point: str
    day_first: bool


def read(profile: Profile, found: Numbers | None, days: Dates | None, habits: Habits) -> Reading:
    """Return how a column is best read."""
    blank = [value for value in profile.values if value and not value.strip()]
    if not any(value.strip() for value in profile.values):
        return Reading("empty", missing=blank)
    reading = _boolean(profile)
    if reading is None and days is not None:
        reading = _date(profile, days, habits)
    if reading is None and found is not None:
        reading = _number(profile, found, habits)
    if reading is None:
        reading = _text(profile)
        reading.naming = found is not None
    reading.missing = [value for value in blank if value not in reading.missing] + reading.missing
    return reading


def _told(profile: Profile, words: set[str]) -> tuple[list[str], list[str]]:
    """Return the values that say something, and the words for a missing value."""
    filled = [value for value in profile.values if value.strip()]
    return [v for v in filled if v.strip().lower() not in words], [v for v in filled if v.strip().lower() in words]


def _boolean(profile: Profile) -> Reading | None:
    if profile.distinct > ALWAYS:
        return None
    told, missing = _told(profile, MISSING)
    for yes, no in PAIRS:
        true, false = (sorted(v for v in told if v.strip().lower() == word) for word in (yes, no))
        if true and false and len(true) + len(false) == len(told):
            standard = set(true) <= STANDARD[0] and set(false) <= STANDARD[1]
            words = {} if standard else {"trueValues": true, "falseValues": false}
            values = np.array([1.0 if v in true else 0.0 if v in false else np.nan for v in profile.values])
            common = max(told, key=profile.rows_of)
            return Reading("boolean", {"type": "boolean", **words}, missing, numbers=values, example=common)
    return None


def _date(profile: Profile, days: Dates, habits: Habits) -> Reading:
    form = dates.chosen(days, habits.day_first)
    parsed = days.days if form == days.formats[0] else {v: dates.day_of(v, form) for v in days.days}
    unknown = [value for value, day in parsed.items() if (day.year, day.month, day.day) in UNKNOWN]
    values = [float(parsed[v].toordinal()) if v in parsed and v not in unknown else np.nan for v in profile.values]
    other = next((other for other in days.formats if other[:2] != form[:2]), form)
    doubt = f"read as {form}, could be {other}" if dates.doubtful(days) else ""
    written = {} if form == "%Y-%m-%d" else {"format": form}
    kind = {"type": "datetime" if days.timed else "date", **written}
    missing = [word for word in days.words if word.strip().lower() in MISSING]
    special = [word for word in days.words if word not in missing] + sorted(unknown)
    return Reading("date", kind, missing, special, numbers=np.array(values), doubt=doubt)


def _number(profile: Profile, found: Numbers, habits: Habits) -> Reading | None:
    """Return how the numbers are read; None for those that name something, and that a model would round."""
    form = numbers.chosen(found, habits.point)
    ends = numbers.ends_of(found, form)
    huge = ends is not None and max(map(abs, ends)) >= EXACT
    if found.padded or huge or (found.whole and (names_things(profile.name) or _refers(profile))):
        return None
    values = np.array([form.number(value) for value in profile.values])
    known = np.flatnonzero(~np.isnan(values))
    rows = profile.counts.sum(axis=1)
    unique, places = np.unique(values[known], return_inverse=True)
    special = codes(unique, np.bincount(places, rows[known]))
    words = [word for word in found.words if word.strip().lower() not in MISSING]
    coded = [v for v, number in zip(profile.values, values, strict=True) if number in special]
    values[np.isin(values, special)] = np.nan
    properties: dict[str, Any] = {"type": "integer" if found.whole else "number"}
    properties |= {"decimalChar": form.point} if form.point != "." and not found.whole else {}
    properties |= {"groupChar": form.group} if form.group else {}
    properties |= {"bareNumber": False, "unit": form.affix} if form.affix else {}
    properties |= {"trim": True} if found.blanks else {}
    limits = _limits(profile, found, ends, special, values)
    return Reading(
        "integer" if found.whole else "number",
        properties | ({"constraints": limits} if limits else {}),
        [word for word in found.words if word not in words],
        words + sorted(coded, key=form.number),
        numbers=values,
        example=_median(profile, values, found.whole),
        doubt=_other_reading(found, form),
    )


def _refers(profile: Profile) -> bool:
    """Say whether whole numbers under a name such as `customer_no` come again, so that they name something."""
    rows = profile.counts.sum(axis=1)
    return is_identifier(profile.name) and bool((rows > 1).sum() > ("" in profile.places))


def _limits(
    profile: Profile, found: Numbers, ends: tuple[float, float] | None, special: list[float], values: np.ndarray
) -> dict[str, float]:
    """Return the bounds, those of the values that are no codes; only bounds that every value of the file keeps."""
    if ends is None or np.isnan(values).all() or (special and not profile.exact):
        return {}
    least, greatest = (float(np.nanmin(values)), float(np.nanmax(values))) if special else ends
    low, high = numbers.bounds(least, greatest, found.whole)
    return {"minimum": low, "maximum": high} if low < high else {}


def _median(profile: Profile, values: np.ndarray, whole: bool) -> float | int | None:
    known = np.flatnonzero(~np.isnan(values))
    if not len(known):
        return None
    order = known[np.argsort(values[known], kind="stable")]
    passed = np.cumsum((profile.counts.sum(axis=1) * profile.weights)[order])
    middle = float(values[order[np.searchsorted(passed, passed[-1] / 2)]])
    return int(middle) if whole or middle == int(middle) else float(f"{middle:.6g}")


def _other_reading(found: Numbers, form: numbers.Format) -> str:
    for text in (text for shape in found.shapes for text in (shape.greatest, shape.least)):
        for other in found.formats:
            if other.number(text) != form.number(text):
                return f"{text} is read as {form.number(text):g}, could be {other.number(text):g}"
    return ""


def _text(profile: Profile) -> Reading:
    told, missing = _told(profile, OF_TEXT)
    if not told:
        return Reading("empty", missing=missing)
    properties: dict[str, Any] = {"type": "string"}
    if any(value != value.strip() for value in told):
        properties["trim"] = True
    rows = _merged(profile, told, str.strip)
    if len(rows) <= ALWAYS or (len(rows) <= SOMETIMES and sum(rows.values()) >= ENOUGH * len(rows)):
        folded = _merged(profile, told, lambda value: value.strip().lower())
        if len(folded) < len(rows):
            properties["ignoreCase"] = True
            kept = {word: max((v for v in rows if v.lower() == word), key=rows.__getitem__) for word in folded}
            rows = {kept[word]: count for word, count in folded.items()}
        return Reading("category", properties, missing, categories=rows, example=_most(rows))
    kept_values = {value: count for value, count in rows.items() if count >= KEPT}
    return Reading("text", properties, missing, kept=len(kept_values), example=_most(kept_values))


def _merged(profile: Profile, values: list[str], spelt: Any) -> dict[str, int]:
    found: dict[str, int] = {}
    for value in values:
        found[spelt(value)] = found.get(spelt(value), 0) + profile.rows_of(value)
    return dict(sorted(found.items()))


def _most(rows: Mapping[str, int]) -> str | None:
    return max(rows, key=lambda value: rows[value], default=None)
