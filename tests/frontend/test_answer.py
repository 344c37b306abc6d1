import pytest

from src.frontend.answer import decision, escaped, marked


@pytest.mark.parametrize(("decided", "word", "sign"), [("approve", "Approve", "✓"), ("decline", "Decline", "✕")])
def test_decision_is_a_word_and_a_sign(decided: str, word: str, sign: str) -> None:
    assert decision({"decision": decided}) == word
    assert marked({"decision": decided}) == f"{sign} {word}"


def test_texts_of_the_data_set_are_never_markdown() -> None:
    assert escaped("[x](y) :red[z] $1$") == "\\[x\\]\\(y\\) \\:red\\[z\\] \\$1\\$"
