import pytest

from src.frontend.faults import said, unreadable
from src.frontend.language import Language
from src.frontend.schema import field_of
from src.frontend.table import Fault, UnreadableError
from src.frontend.texts import Texts

TEXTS = Texts(Language("en"))
AGE = field_of("age", {"type": "integer", "minimum": 18, "maximum": 99}, True, 30)
COLOUR = field_of("colour", {"enum": ["red", "blue"], "type": "string"}, True, "red")
RULES = ("missing", "number", "integer", "boolean", "column", "doubled", "cells")


@pytest.mark.parametrize("rule", RULES)
def test_every_rule_is_said_in_words_of_its_own(rule: str) -> None:
    others = {said(Fault(2, "age", other), AGE, TEXTS) for other in RULES if other != rule}
    words = said(Fault(2, "age", rule), AGE, TEXTS)
    assert " " in words
    assert words not in others


def test_bounds_and_allowed_values_are_named() -> None:
    assert said(Fault(2, "age", "bounds"), AGE, TEXTS) == "is out of bounds. From 18 to 99."
    assert said(Fault(2, "colour", "choice"), COLOUR, TEXTS) == "is none of the allowed values: red, blue"


@pytest.mark.parametrize("rule", ["encoding", "empty", "csv"])
def test_unreadable_file_is_told_what_to_do(rule: str) -> None:
    assert unreadable(UnreadableError(rule)).endswith(".")
