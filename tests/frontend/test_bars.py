from typing import Any
from xml.etree import ElementTree

import pytest

from src.frontend.bars import drawing
from src.frontend.language import MINUS, Language
from src.frontend.texts import Texts

TEXTS = Texts(Language("en"), units={"duration": "months"})


def drawn(*reasons: dict[str, Any]) -> list[list[str]]:
    """Each reason's words, points and the bar's width."""
    items = ElementTree.fromstring(drawing(reasons, TEXTS)).findall("li")
    return [[*(span.text or "" for span in item.findall("span")), item.find("div/div").get("style")] for item in items]  # type: ignore


def reason(points: float, value: Any = 24) -> dict[str, Any]:
    return {"feature": "duration", "title": "Duration", "value": value, "points": points}


@pytest.mark.parametrize(
    ("value", "said"), [(24, "Duration: 24 months"), ("<a> & b", "Duration: <a> & b"), (None, "Duration: not known")]
)
def test_reason_is_in_plain_words_with_unit_and_points(value: Any, said: str) -> None:
    assert drawn(reason(12.25, value))[0][:2] == [said, f"{MINUS}12.2 points"]


def test_strongest_reason_comes_first_and_bars_are_as_long_as_the_points() -> None:
    rows = drawn(reason(10), reason(40), reason(5))
    assert [points for _, points, _ in rows] == [f"{MINUS}{points}.0 points" for points in (40, 10, 5)]
    assert [style.partition(";")[0] for *_, style in rows] == ["width:100.0%", "width:25.0%", "width:12.5%"]
