from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from src.frontend.form import faults, given, groups, key
from src.frontend.language import Language
from src.frontend.schema import Field, field_of
from src.frontend.texts import Texts

OTHER_DATA = [  # a data set of every kind of field, such as no committed one is
    field_of("age", {"type": "integer", "minimum": 18, "maximum": 99, "title": "Age", "unit": "years"}, True, 30),
    field_of("ratio", {"type": "number", "exclusiveMinimum": 0, "title": "Ratio"}, True, 0.125),
    field_of("income", {"anyOf": [{"type": "number"}, {"type": "null"}], "title": "Income"}, False, None),
    field_of("member", {"type": "boolean", "title": "Member"}, True, True),
    field_of("owner", {"anyOf": [{"type": "boolean"}, {"type": "null"}], "title": "Owner"}, False, None),
    field_of("colour", {"enum": ["red", "green", "blue"], "type": "string", "title": "Colour"}, True, "red"),
    field_of("rooms", {"anyOf": [{"type": "integer"}, {"type": "null"}], "enum": [1, 2, 3, None]}, False, 2),
]
SCRIPT = """
import streamlit as st
from src.frontend.form import draw
from src.frontend.language import Language
from src.frontend.texts import Texts
from tests.frontend.test_form import OTHER_DATA
st.session_state["values"] = draw(OTHER_DATA, Texts(Language("en")), "form")
"""
TEXTS = Texts(Language("en"))


@pytest.fixture
def form() -> AppTest:
    return AppTest.from_string(SCRIPT, default_timeout=30).run()


def set_by(form: AppTest, name: str, value: Any) -> None:
    (field,) = [each for each in OTHER_DATA if each.name == name]
    inputs = [*form.number_input, *form.selectbox]
    (found,) = [each for each in inputs if each.key == key(field, "form")]
    found.set_value(value)


def grouped(fields: list[Field], texts: Texts) -> dict[str, list[str]]:
    return {heading: [field.name for field in members] for heading, members in groups(fields, texts).items()}


def test_fields_are_grouped_in_the_packages_order_and_those_without_a_group_come_last() -> None:
    fields = [
        field_of(name, {"type": "number"} | ({"group": group} if group else {}), True, 0)
        for name, group in [("a", ""), ("b", "Work"), ("c", "Loan"), ("d", ""), ("e", "Work")]
    ]
    assert grouped(fields, TEXTS) == {"Work": ["b", "e"], "Loan": ["c"], "Other facts": ["a", "d"]}
    portuguese = Texts(Language("pt-BR"), {"b": {"group": "Trabalho"}, "e": {"group": "Trabalho"}})
    assert list(grouped(fields, portuguese)) == ["Trabalho", "Loan", "Other facts"]  # no page here, so no language


def test_data_set_without_groups_is_one() -> None:
    assert grouped(OTHER_DATA, TEXTS) == {"Other facts": [field.name for field in OTHER_DATA]}


def test_numbers_begin_at_the_example_and_choices_empty(form: AppTest) -> None:
    assert not form.exception
    values = form.session_state["values"]
    assert values == {
        "age": 30, "ratio": 0.125, "income": None, "member": None, "owner": None, "colour": None, "rooms": None,
    }  # fmt: skip
    assert (type(values["age"]), type(values["ratio"])) == (int, float)


def test_every_kind_of_value_can_be_entered(form: AppTest) -> None:
    wanted = {"age": 44, "ratio": 0.0625, "income": 1e6, "member": False, "owner": True, "colour": "blue", "rooms": 3}
    for name, value in wanted.items():
        set_by(form, name, value)
    form.run()
    assert form.session_state["values"] == wanted
    assert faults(OTHER_DATA, form.session_state["values"], TEXTS) == []


def test_what_is_not_known_is_left_out_and_is_no_fault() -> None:
    values: dict[str, Any] = {"age": 30, "ratio": 1.0, "income": None, "member": True, "owner": None, "colour": "red"}
    assert faults(OTHER_DATA, values, TEXTS) == []
    assert given(values) == {"age": 30, "ratio": 1.0, "member": True, "colour": "red"}


def test_faults_name_the_field_and_its_bounds() -> None:
    values: dict[str, Any] = {"age": 17, "ratio": 0.0, "member": True, "colour": None}
    assert faults(OTHER_DATA, values, TEXTS) == [
        "Age is not allowed. From 18 to 99.",
        "Ratio is not allowed. More than 0.",
        "Colour is missing.",
    ]


def test_field_with_other_rules_is_another_widget() -> None:
    before = field_of("x", {"type": "integer", "maximum": 5}, True, 1)
    after: Field = field_of("x", {"type": "integer", "maximum": 4}, True, 1)
    assert key(before, "form") != key(after, "form")
