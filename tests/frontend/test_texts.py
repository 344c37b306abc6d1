from typing import Any

import pytest

from src.frontend.language import Language
from src.frontend.schema import field_of
from src.frontend.texts import Texts

DURATION = field_of(
    "duration", {"type": "integer", "title": "Duration", "description": "Term.", "unit": "months"}, True, 1
)
TRANSLATED = {"duration": {"title": "Prazo", "description": "Do crédito.", "categories": {"short": "curto"}}}


def test_words_of_the_data_set_come_from_its_translations_and_else_from_the_api() -> None:
    texts, bare = Texts(Language("pt-BR"), TRANSLATED), Texts(Language("en"))
    assert (texts.heading(DURATION), bare.heading(DURATION)) == ("Prazo (months)", "Duration (months)")
    assert (texts.label("duration", "short"), bare.label("duration", "short")) == ("curto", "short")
    assert (texts.label("duration", "unheard of"), texts.title("other", "Other")) == ("unheard of", "Other")
    assert texts.help(DURATION).startswith("Do crédito.")


@pytest.mark.parametrize(
    ("value", "said"), [(True, "yes"), (False, "no"), (None, "not known"), (2500, "2,500"), (0.5, "0.5")]
)
def test_values_are_read_as_words(value: Any, said: str) -> None:
    assert Texts(Language("en")).label("x", value) == said


@pytest.mark.parametrize(
    ("rules", "said"),
    [
        ({"minimum": 1, "maximum": 120}, "From 1 to 120."),
        ({"minimum": 0}, "At least 0."),
        ({"exclusiveMaximum": 5000}, "Less than 5,000."),
        ({"exclusiveMinimum": 0}, "More than 0."),
        ({"exclusiveMinimum": 0, "maximum": 1}, "More than 0. At most 1."),
        ({"minimum": 0, "exclusiveMinimum": 0}, "More than 0."),
        ({"minimum": 2, "exclusiveMinimum": 0, "exclusiveMaximum": 9, "maximum": 8}, "From 2 to 8."),
        ({"minimum": 0, "maximum": 2**53 - 1, "type": "integer"}, "At least 0."),
        ({}, ""),
    ],
)
def test_bounds_are_said(rules: dict[str, float], said: str) -> None:
    assert Texts(Language("en")).bounds(field_of("x", {"type": "number", **rules}, True, None)) == said


def test_optional_field_may_be_left_empty_and_says_so() -> None:
    field = field_of("x", {"anyOf": [{"type": "number"}, {"type": "null"}], "description": "Sum."}, False, None)
    assert Texts(Language("en")).help(field) == "Sum. May be left empty."
