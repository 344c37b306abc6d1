"""Numbers and dates as files write them, one by one"""

import locale
import re
from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from src.contract.spelling import MONTHS, date_reader, number_reader

MINUS = "-\u2212\u2013"
SIGNS = some.text(some.sampled_from(f"0123456789.,+()%$ eE'x{MINUS}"), max_size=9)


@settings(deadline=None)
@given(text=SIGNS, group=some.sampled_from(["", ",", " ", "'"]), bare=some.booleans())
def test_number_keeps_its_digits_and_its_sign(text: str, group: str, bare: bool) -> None:
    found = number_reader(".", group, bare)(text)
    if found is None:
        return
    before = re.match(r"[^0-9]*", text)
    assert before is not None
    behind = re.sub("[eE]-", "", text[before.end() :])
    assert float(found) < 0 or found.startswith("-") or not set(f"{MINUS}(") & set(before[0])
    assert not re.search(rf"[{MINUS}(](?![a-zA-Z])", behind)
    assert re.sub(r"[^0-9]", "", found) == re.sub(r"[^0-9]", "", text)


@settings(deadline=None)
@given(number=some.integers(-(10**12), 10**12), group=some.sampled_from([",", ".", " ", "'"]))
def test_groups_of_three_are_read_and_no_others(number: int, group: str) -> None:
    read = number_reader("," if group == "." else ".", group, bare=True)
    assert read(f"{number:,}".replace(",", group)) == str(number)
    wrong = f"{number:,}".replace(",", group) + f"{group}5"
    assert read(wrong) is None


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("$.50", 0.5), ("Rs.500", 500), ("Rs. 500", 500), ("US$ 1,234", 1234), ("-$5", -5), ("$-5", -5), ("--5", None),
        ("36-month", 36), ("5%-", None), ("5 -", None), ("(5)", None), ("5.5.5", None), ("%", None), ("", None),
        ("1e5 EUR", 1e5), ("+5", 5), ("-$-5", None), ("12,5", None), ("\u0663", None),
    ],
)  # fmt: skip
def test_what_stands_around_a_number_is_stripped_and_no_sign_is_lost(text: str, number: float | None) -> None:
    found = number_reader(".", ",", bare=False)(text)
    assert (None if found is None else float(found)) == number


@settings(deadline=None)
@given(day=some.dates(), pattern=some.sampled_from(["%Y-%m-%d", "%d/%m/%Y", "%Y%m%d", "%d%m%Y", "%d.%m.%Y"]))
def test_date_comes_back_from_its_pattern(day: date, pattern: str) -> None:
    text = day.strftime(pattern.replace("%Y", f"{day.year:04d}"))  # which strftime leaves short before the year 1000
    assert date_reader("date", pattern)(text) == day


@pytest.mark.parametrize("place", ["C", "C.UTF-8", "POSIX"])
def test_months_are_english_whatever_the_locale(place: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LC_ALL", place)
    before = locale.setlocale(locale.LC_TIME)
    locale.setlocale(locale.LC_TIME, place)
    try:
        for number, name in enumerate(MONTHS, 1):
            assert date_reader("date", "%b %Y")(f"{name[:3].upper()} 2020") == date(2020, number, 1)
            assert date_reader("date", "%A, %d. %B %y")(f"Monday, 3. {name} 99") == date(1999, number, 3)
    finally:
        locale.setlocale(locale.LC_TIME, before)


@pytest.mark.parametrize(
    ("pattern", "said"),
    [
        ("%d/%m", "a date has a year"), ("%U %Y", "%U is not read"), ("%Y %Y", "stands there twice"),
        ("dd/mm", "is not"), ("%", "% is not read"),
    ],
)  # fmt: skip
def test_pattern_that_cannot_be_read_is_refused(pattern: str, said: str) -> None:
    with pytest.raises(ValueError, match=re.escape(said)):
        date_reader("date", pattern)


def test_compact_date_has_two_digits_a_part() -> None:
    assert date_reader("date", "%d%m%Y")("1112020") is None
