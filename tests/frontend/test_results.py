from typing import Any

from src.frontend.language import Language
from src.frontend.results import first, frame, styled
from src.frontend.table import Table
from src.frontend.texts import Texts

TEXTS = Texts(Language("en"))
REASON = {"feature": "age", "title": "Age", "value": 18, "points": 5.0}


def answer(place: int) -> dict[str, Any]:
    decided = {"decision": "decline", "reasons": [REASON]} if place % 2 else {"decision": "approve", "reasons": []}
    return {"prediction_id": str(place), "score": 500 - place, "probability_of_default": place / 100, **decided}


def test_table_has_a_row_an_answer_in_the_order_of_the_file_and_numbers_that_sort() -> None:
    found = frame(Table(",", ["age"], lines=[2, 4, 7]), [answer(0), answer(1)], TEXTS)
    assert list(found["Line"]) == [2, 4]
    assert list(found["Prediction id"]) == ["0", "1"]
    assert [found[name].dtype.kind for name in ("Points", "PD")] == ["i", "f"]
    assert list(found["Decision"]) == ["✓ Approve", "✕ Decline"]


def test_percent_is_shown_and_the_number_kept() -> None:
    found = styled(frame(Table(",", ["age"], lines=[2]), [answer(1)], TEXTS))
    assert "1.00%" in found.to_html()
    assert found.data["PD"][0] == 0.01


def test_strongest_reason_is_shown_where_there_is_one() -> None:
    assert (first(answer(1), TEXTS), first(answer(0), TEXTS)) == ("Age: 18", "")
