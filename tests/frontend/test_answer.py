from typing import Any

import pytest

from src.frontend.answer import decision, escaped, marked, reason
from src.frontend.language import MINUS, Language
from src.frontend.texts import Texts

TEXTS = Texts(Language("en"), units={"duration": "months"})


@pytest.mark.parametrize(("decided", "word", "sign"), [("approve", "Approve", "✓"), ("decline", "Decline", "✕")])
def test_decision_is_a_word_and_a_sign(decided: str, word: str, sign: str) -> None:
    assert decision({"decision": decided}) == word
    assert marked({"decision": decided}) == f"{sign} {word}"


@pytest.mark.parametrize(
    ("value", "said"), [(24, "Duration: 24 months"), ("a *b*", "Duration: a \\*b\\*"), (None, "Duration: not known")]
)
def test_reason_is_in_plain_words_with_unit_and_points(value: Any, said: str) -> None:
    found = {"feature": "duration", "title": "Duration", "value": value, "points": 12.25}
    assert reason(found, TEXTS) == f"{said} ({MINUS}12.2 points)"


def test_texts_of_the_data_set_are_never_markdown() -> None:
    assert escaped("[x](y) :red[z] $1$") == "\\[x\\]\\(y\\) \\:red\\[z\\] \\$1\\$"
