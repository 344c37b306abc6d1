"""the shapes of a column's values -> how its numbers are written, and their bounds"""

import math
import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from itertools import product

from src.contract.drafting.profile import Profile, Shape

MISSING = {"na", "n/a", "n.a.", "n.a", "nan", "null", "#n/a", "#null!", "nil", "none", "-", "--", "?", ".", "missing"}
CURRENCY = r"(?:[A-Z]{0,3}[$€£¥₹]|EUR|USD|GBP|BRL|CHF|SEK|NOK|DKK|PLN|CZK|DM|Rs\.?|kr\.?)"
UNIT = r"(?:mos?|mths?|months?|years?|yrs?|y|days?|d|weeks?|w|hours?|h|km|kg|pct)"
SUFFIX = rf"(?:%|‰|{CURRENCY}|{UNIT}\.?|(?<=\s)[^\W\d_]+\.?)"
ANY = r"(?P<core>[+-]?[.,]?\d[\d.,'\u2019 \u00a0\u202f]*)"
GROUPS = ("", ",", ".", " ", "'", "\u00a0", "\u202f", "\u2019")
FORMATS = [(point, group) for group, point in product(GROUPS, ".,") if point != group]
EXACT = 2**53
MOST_WORDS = 3  # different words in a column of numbers
USUAL = 0.5  # share of the filled rows that are numbers
NICE = (1, 1.2, 1.5, 2, 2.5, 3, 4, 5, 6, 8, 10)
MARGIN = 1.25
YEARS = (1900, 2100)


@dataclass(frozen=True)
class Format:
    """How numbers are written: the sign before the decimals, the one between thousands, what stands around."""

    point: str = "."
    group: str = ""
    affix: str = ""

    def number(self, text: str) -> float:
        """Return the value; NaN for a text that is none."""
        match = _pattern(self.point, self.group, bool(self.affix)).fullmatch(text.strip())
        if match is None:
            return math.nan
        return float(match["core"].replace(self.group or "\0", "").replace(self.point, "."))


@dataclass(frozen=True)
class Numbers:
    """A column of numbers: all formats that fit, the words among them, and what else its values have in common."""

    formats: tuple[Format, ...]
    words: tuple[str, ...]
    whole: bool
    padded: bool
    blanks: bool
    shapes: tuple[Shape, ...]


@cache
def _pattern(point: str, group: str, affixed: bool) -> re.Pattern[str]:
    d, g = re.escape(point), re.escape(group)
    whole = rf"(?:[1-9]\d{{0,2}}(?:{g}\d{{3}})+|\d+)" if group else r"\d+"
    core = rf"(?P<core>[+-]?(?:{whole}(?:{d}\d*)?|{d}\d+)(?:[eE][+-]?\d+)?)"
    return re.compile(rf"(?P<prefix>{CURRENCY}\s?)?{core}(?P<suffix>\s?{SUFFIX})?" if affixed else core)


def numbers_of(profile: Profile) -> Numbers | None:
    """Return how the column's numbers are written, or None where it holds something else."""
    if not profile.shaped:
        return None
    filled = {shape: known for shape, known in profile.shapes.items() if shape.strip()}
    digits = {shape: known for shape, known in filled.items() if "0" in shape}
    words = sorted({known.least for shape, known in filled.items() if shape not in digits})
    rows = sum(known.rows for known in digits.values())
    unknown = [word for word in words if word.strip().lower() not in MISSING]
    if not digits or len(words) > 2 * MOST_WORDS or len(unknown) > MOST_WORDS or rows < USUAL * profile.filled:
        return None
    ends = sorted({text for known in digits.values() for text in (known.least, known.greatest)})
    formats = [Format(*signs) for signs in FORMATS if _all_match(ends, *signs, affixed=False)]
    if not formats and (affix := _affix(ends)):
        formats = [Format(*signs, affix) for signs in FORMATS if _all_match(ends, *signs, affixed=True)]
    if not formats or (unknown and profile.distinct - len(words) <= 10):
        return None
    plain = Format(".", "", formats[0].affix)
    return Numbers(
        tuple(formats),
        tuple(words),
        whole=plain in formats and not any(re.search(r"[.eE]", _core(text)) for text in ends),
        padded=any(shape.startswith("Z") for shape in digits),
        blanks=any(shape != shape.strip() for shape in filled),
        shapes=tuple(digits.values()),
    )


def _all_match(texts: Iterable[str], point: str, group: str, *, affixed: bool) -> bool:
    pattern = _pattern(point, group, affixed)
    return all(pattern.fullmatch(text.strip()) for text in texts)


def _core(text: str) -> str:
    match = _pattern(".", "", affixed=True).fullmatch(text.strip())
    return match["core"] if match else text


def _affix(texts: list[str]) -> str:
    """Return what stands around all numbers, such as `%` or `months`; empty where that is not one thing."""
    pattern = re.compile(rf"(?P<prefix>{CURRENCY}\s?)?{ANY}(?P<suffix>\s?{SUFFIX})?")
    found: Counter[tuple[str, str]] = Counter()
    for text in texts:
        match = pattern.fullmatch(text.strip())
        if match is None:
            return ""
        found[(match["prefix"] or "").strip(), (match["suffix"] or "").strip()] += 1
    befores = {before for before, _ in found if before}
    afters = {re.sub(r"\.|(?<=..)s\.?$", "", after.lower()) for _, after in found if after}
    if len(befores) + len(afters) != 1:
        return ""
    return next(iter(befores)) if befores else max((after for _, after in found if after), key=len)


def votes(columns: Iterable[Numbers]) -> str:
    """Return the decimal sign of the file: that of most columns that can be read with one alone; a point of equals."""
    found = Counter(signs.pop() for numbers in columns if len(signs := _points(numbers)) == 1)
    return "," if found[","] > found["."] else "."


def _points(numbers: Numbers) -> set[str]:
    return set() if numbers.whole else {form.point for form in numbers.formats}


def chosen(numbers: Numbers, point: str) -> Format:
    """Return the format to read a column with, where the file's decimal sign is `point`."""
    return min(numbers.formats, key=lambda form: (form.point != point, form.group != ""))


def doubtful(numbers: Numbers) -> bool:
    """Say whether the same digits are other numbers in another of the formats that fit, as 1.234 is."""
    texts = [text for shape in numbers.shapes for text in (shape.least, shape.greatest)]
    return any(len({form.number(text) for form in numbers.formats}) > 1 for text in texts)


def ends_of(numbers: Numbers, form: Format) -> tuple[float, float] | None:
    """Return the least and the greatest number; None where an exponent hides them."""
    texts = [text for shape in numbers.shapes for text in (shape.least, shape.greatest)]
    if any(re.search(r"\d[eE]", text) for text in texts):
        return None
    values = [form.number(text) for text in texts]
    return min(values), max(values)


def bounds(least: float, greatest: float, whole: bool) -> tuple[float, float]:
    """Return round bounds with a margin around what was found; no other sign than the values have.

    >>> bounds(18, 95, True), bounds(-8019, 102127, True), bounds(0.3, 0.77, False), bounds(1998, 2014, True)
    ((0, 120), (-12000, 150000), (0, 1), (1990, 2030))
    """
    if whole and YEARS[0] <= least <= greatest <= YEARS[1]:
        return int(least // 10 * 10), int(greatest // 10 * 10 + 20)
    return -_above(-least), _above(greatest)


def _above(value: float) -> float:
    if value <= 0:
        return 0
    wanted = value * MARGIN
    unit = 10.0 ** math.floor(math.log10(wanted))
    found = next(nice for nice in NICE if nice * unit >= wanted * (1 - 1e-12)) * unit
    return round(found) if found >= 1 and round(found) >= value else float(f"{found:.3g}")
