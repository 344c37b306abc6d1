"""A form for any lender's table: names of any text, reasons for having no value, texts, dates, and a hundred fields"""

import re
from collections.abc import Callable, Iterator
from datetime import date
from html import unescape
from typing import Any

import pytest
import streamlit as st
from markdown_it import MarkdownIt
from streamlit.testing.v1 import AppTest

from src.frontend import finder, model_page, served
from src.frontend.answer import escaped, named
from src.frontend.axes import labels
from src.frontend.changes import smallest
from src.frontend.errors import RefusedError, Wrong
from src.frontend.faults import said
from src.frontend.form import MANY, SECTION, fill, groups, key, reason_key
from src.frontend.form import faults as faults_of
from src.frontend.language import Language
from src.frontend.schema import Both, Field, Value, field_of
from src.frontend.sentences import sentence
from src.frontend.table import Fault, UnreadableError, read, template
from src.frontend.texts import Texts
from tests.frontend.odd import EXAMPLE, KINDS, KINDS_FIELDS, ODD_FIELDS, ODD_NAMES, STATES, WIDE_FIELDS, anyof

TEXTS = Texts(Language("en"))
SCRIPT = """
import streamlit as st
from src.frontend import finder, form
from src.frontend.language import Language
from src.frontend.texts import Texts
from tests.frontend.odd import EXAMPLE, KINDS_FIELDS, ODD_FIELDS, WIDE_FIELDS
texts = Texts(Language("en"))
st.button("Fill", on_click=form.fill, args=({fields}, EXAMPLE, "form"))
finder.show({fields}, texts, "form")
st.session_state["values"] = form.draw({fields}, texts, "form")
"""
ODD_TEXTS = ("> 3", "a_b __c__ _d", "5 * 3 *x*", "~~x~~", "www.x.org", "![a](b)", "---")
EVALUATION = {
    "importance": [{"feature": "fact 7", "loss": 0.02, "std": 0.01}, {"feature": "fact 8", "loss": 0.01, "std": 0.02}]
}
BY_NAME = {field.name: field for field in KINDS_FIELDS}


@pytest.fixture(scope="module", autouse=True)
def evaluation() -> Iterator[None]:
    """What the API would say of the facts that decide; the page's scripts run in this process."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(served, "evaluation", lambda: EVALUATION)
        yield


def opened(fields: str) -> AppTest:
    return AppTest.from_string(SCRIPT.format(fields=fields), default_timeout=60).run()


@pytest.fixture(scope="module")
def page() -> AppTest:
    """A form of every kind of field."""
    return opened("KINDS_FIELDS")


def first(widget: Any) -> str:
    """The key that a widget had before its form was filled."""
    return re.sub(r":\d+(?=$|:state$)", ":0", widget.key)


def put(page: AppTest, values: dict[str, Any], reasons: dict[str, Any] | None = None) -> dict[str, Value]:
    """Enter values, and reasons for having none; return what the form makes of them."""
    wanted = {key(BY_NAME[name], "form"): value for name, value in values.items()}
    wanted |= {reason_key(BY_NAME[name], "form"): value for name, value in (reasons or {}).items()}
    for each in (*page.number_input, *page.selectbox, *page.text_input, *page.date_input):
        if first(each) in wanted:
            each.set_value(wanted[first(each)])
    page.run()
    assert not page.exception
    found: dict[str, Value] = page.session_state["values"]
    return found


def test_example_fills_every_kind_of_field(page: AppTest) -> None:
    page.button[0].click().run()
    assert not page.exception
    values = page.session_state["values"]
    assert values == dict.fromkeys(KINDS) | EXAMPLE
    assert faults_of(KINDS_FIELDS, values, TEXTS) == []


def test_number_and_date_have_their_reasons_beside_them_and_never_both(page: AppTest) -> None:
    both = put(page, {"income": 1.5}, {"income": "no record"})
    assert isinstance(both["income"], Both)
    assert faults_of(KINDS_FIELDS, both, TEXTS) == [
        "income has a value and a reason for having none: leave one of them."
    ]
    assert put(page, {"income": 1.5}, {"income": None})["income"] == 1.5
    assert put(page, {"income": None}, {"income": "never asked"})["income"] == "never asked"
    assert put(page, {"income": None}, {"income": None})["income"] is None


def test_day_that_the_calendar_does_not_have_leaves_it_empty(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(st, "session_state", {})
    fill(KINDS_FIELDS, {"ended": "0001-01-01", "since": "1990-01-01"}, "form")
    assert st.session_state[key(BY_NAME["ended"], "form")] is None
    assert st.session_state[key(BY_NAME["since"], "form")] == date(1990, 1, 1)


def test_reasons_are_told_from_labels_by_their_sign(page: AppTest) -> None:
    offered = {first(each): each.options for each in page.selectbox}
    assert offered[key(BY_NAME["housing"], "form")] == ["own", "rent", "∅ never asked", "∅ no record"]
    assert offered[key(BY_NAME["owner"], "form")] == ["yes", "no", "∅ never asked", "∅ no record"]
    assert "∅" in TEXTS.help(BY_NAME["housing"])
    assert "∅" not in TEXTS.help(BY_NAME["children"])


def test_needed_fields_have_a_sign_that_one_line_explains(page: AppTest) -> None:
    inputs = (*page.number_input, *page.selectbox, *page.text_input, *page.date_input)
    assert [each.label for each in inputs if each.label.endswith("*")] == ["children *"]
    assert [caption.value for caption in page.caption] == ["What has * is needed; all else may be left empty."]


def test_today_is_meant_where_the_day_of_the_application_is_empty(page: AppTest) -> None:
    (applied,) = [each for each in page.date_input if first(each) == key(BY_NAME["applied"], "form")]
    assert (applied.label, applied.value) == ("applied (today if empty)", None)
    assert "Today where it is left empty." in TEXTS.help(BY_NAME["applied"])


@pytest.mark.parametrize("write", [escaped, named])
@pytest.mark.parametrize(
    "name", [*ODD_NAMES, "> 3", "a_b __c__ _d", "5 * 3 *x*", "~~x~~", "www.x.org", "![a](b)", "---"]
)
def test_text_of_any_signs_is_shown_as_it_is(name: str, write: Callable[[str], str]) -> None:
    text = write(name)
    shown = MarkdownIt("commonmark").enable("strikethrough").render(text).strip()
    assert unescape(shown).replace("\N{WORD JOINER}", "") == f"<p>{name.strip()}</p>"
    assert re.search(r"://\w|www\.\w|@\w", text.replace("\\", "")) is None  # Streamlit makes links of these
    assert re.search(r"(?<!\\):[\w/+-]+[:\[]|(?<!\\)\$.*(?<!\\)\$", text) is None  # and colours, signs and formulas


@pytest.mark.parametrize(
    "name",
    ["Conta-corrente", "Credit amount (DM)", "a_b", "MonthlyRent 2.5 %", "Income < 3 [EUR]", "Due in $", "Q & A: 1"],
)
def test_label_without_markdown_is_read_aloud_as_it_is(name: str) -> None:
    assert named(name) == name


def test_form_of_odd_names_is_drawn_with_each_its_own_widget() -> None:
    page = opened("ODD_FIELDS")
    assert not page.exception
    assert list(page.session_state["values"]) == list(ODD_NAMES)
    drawn = [each.label for each in (*page.number_input, *page.selectbox, *page.text_input, *page.date_input)]
    assert {named(name) for name in ODD_NAMES} <= {label.removesuffix(" (today if empty)") for label in drawn}


def test_file_of_odd_names_is_read_back() -> None:
    for decimal_comma in (False, True):
        found = read(template(ODD_FIELDS, decimal_comma), ODD_FIELDS)
        assert (found.unknown, found.faults, found.columns) == ([], [], list(ODD_NAMES))
        assert found.applicants == [{"Monthly Rent": "no record"}]


def test_refused_field_is_named_as_its_header_is() -> None:
    error = RefusedError([Wrong("#/a~1b *c*", "is too low")], "")
    assert "a/b \\*c\\*: is too low" in sentence(error)


@pytest.mark.parametrize(
    ("name", "value", "rule"),
    [
        ("income", "no record", None),
        ("income", "not a record", "number"),
        ("owner", "never asked", None),
        ("owner", "yes", "boolean"),
        ("housing", "no record", None),
        ("housing", "boat", "choice"),
        ("employer", "Any Other", None),
        ("employer", "x" * 21, "length"),
        ("branch", "no record", None),
        ("since", "2001-02-03", None),
        ("since", "1989-12-31", "bounds"),
        ("since", "2027-01-01", "bounds"),
        ("since", "3.2.2001", "date"),
        ("since", "2001-02-30", "date"),
        ("since", "20010203", "date"),
        ("ended", "no record", None),
        ("ended", "0001-01-01", None),
        ("applied", None, None),
        ("children", None, "missing"),
    ],
)
def test_values_are_checked_as_the_document_says(name: str, value: Value, rule: str | None) -> None:
    assert BY_NAME[name].broken(value) == rule


def test_kinds_are_those_of_the_document() -> None:
    assert {name: field.kind for name, field in BY_NAME.items()} == {
        "income": "number", "children": "integer", "owner": "boolean", "housing": "choice", "employer": "text",
        "city": "text", "branch": "text", "since": "date", "ended": "date", "applied": "date",
    }  # fmt: skip
    assert BY_NAME["housing"].choices == ("own", "rent")
    assert TEXTS.bounds(BY_NAME["since"]) == "From 1990-01-01 to 2026-12-31."


@pytest.mark.parametrize(
    ("cells", "applicant"),
    [
        ({"income": "-9", "owner": "Y", "housing": "A2"}, {"income": "no record", "owner": True, "housing": "rent"}),
        ({"income": "-8.0", "owner": "N"}, {"income": "never asked", "owner": False}),
        ({"income": "no record", "owner": "true"}, {"income": "no record", "owner": True}),
        ({"income": "8.5", "employer": " Any Other "}, {"income": 8.5, "employer": "Any Other"}),
        ({"branch": "007", "since": "2001-02-03"}, {"branch": "007", "since": "2001-02-03"}),
        ({"ended": "never asked", "applied": "2026-11-26"}, {"ended": "never asked", "applied": "2026-11-26"}),
    ],
)
def test_file_has_the_lenders_own_codes_or_the_apis_words(cells: dict[str, str], applicant: dict[str, Value]) -> None:
    cells = {"children": "0", **cells}
    found = read(f"{','.join(cells)}\n{','.join(cells.values())}\n".encode(), KINDS_FIELDS)
    assert (found.faults, found.applicants) == ([], [{"children": 0, **applicant}])


def test_cell_that_is_a_label_and_another_values_code_is_a_fault() -> None:
    swapped = field_of(
        "x", anyof({"type": "string", "enum": ["A", "B"]}) | {"codes": {"A": "B", "B": "A", "C": "A"}}, False, None
    )
    found = read(b"x\nA\nC\n", [swapped])
    assert (found.faults, found.applicants[1]) == ([Fault(2, "x", "twofold")], {"x": "A"})


def test_file_without_a_column_of_the_contract_is_refused_as_a_whole() -> None:
    with pytest.raises(UnreadableError) as raised:
        read(b"name,sum\nAnn,3\n", KINDS_FIELDS)
    assert raised.value.rule == "foreign"


def test_row_without_any_field_is_a_fault_of_that_row() -> None:
    optional = [field for field in KINDS_FIELDS if not field.required]
    found = read(b"name,income,applied\nAnn,1,\nBob,,\nCid,,2026-11-26\n", optional)
    assert found.faults == [Fault(3, "", "nothing"), Fault(4, "", "nothing")]
    assert faults_of(optional, {"applied": "2026-11-26"}, TEXTS) == ["Nothing is filled in."]


@pytest.mark.parametrize("rule", ["date", "length", "twofold", "nothing"])
def test_new_rules_are_said_in_words(rule: str) -> None:
    assert " " in said(Fault(2, "since", rule), BY_NAME["since"], TEXTS)


def test_days_texts_and_reasons_are_no_advice() -> None:
    movable = [
        field_of(name, {**schema, "maximum": 9.0, "changeable": True}, False, None) for name, schema in KINDS.items()
    ]
    asked: list[Any] = []

    def ask(applicants: Any) -> list[float]:
        asked.extend(applicants)
        return [-1.0] * len(applicants)

    applicant: dict[str, Value] = {"income": "no record", "children": 1, "housing": "no record", "employer": "Acme"}
    smallest(applicant, movable, ask, -1.0)
    changed = {(name, value) for each in asked for name, value in each.items() if applicant.get(name) != value}
    assert {name for name, _ in changed} == {"children", "owner", "housing"}
    assert not {value for _, value in changed} & set(STATES)
    assert labels(BY_NAME["income"], "no record") == []


def heading_sizes(fields: list[Field]) -> list[int]:
    return [len(members) for members in groups(fields, TEXTS).values()]


def test_many_fields_without_groups_have_sections_of_readable_size() -> None:
    assert heading_sizes(WIDE_FIELDS) == [SECTION] * 10
    assert list(groups(WIDE_FIELDS, TEXTS))[1] == "Facts 13 to 24"
    assert heading_sizes(WIDE_FIELDS[:MANY]) == [MANY]


def test_wide_form_is_searched_and_narrowed_to_what_decides_and_keeps_what_is_hidden() -> None:
    page = opened("WIDE_FIELDS")
    assert not page.exception
    assert "All 120 fields are shown." in [caption.value for caption in page.caption]
    page.number_input[3].set_value(5.0)
    page.text_input[0].set_value("FACT 11").run()
    assert "10 of 120 fields" in page.caption[0].value  # 11, and 110 to 118
    assert page.session_state["values"]["fact 3"] == 5.0
    page.text_input[0].set_value("")
    page.toggle[0].set_value(True).run()
    assert "3 of 120 fields" in page.caption[0].value  # fact 3 is filled, fact 7 decides, one is needed


def test_style_hides_the_other_fields_and_empty_headings() -> None:
    rules = finder.style(WIDE_FIELDS, WIDE_FIELDS[:1], TEXTS)
    assert [f"fact-{place})" in rules for place in (0, 1, 119)] == [False, True, True]
    assert [f"section-{place})" in rules for place in (0, 1, 9)] == [False, True, True]
    assert finder.style(WIDE_FIELDS, WIDE_FIELDS, TEXTS) == ""


def test_fields_of_one_title_have_each_a_bar() -> None:
    assert model_page.apart({"a": "Sum", "b": "Sum", "c": "Age"}) == {"a": "Sum (a)", "b": "Sum (b)", "c": "Age"}


def test_form_of_few_fields_has_no_search(page: AppTest) -> None:
    assert [each.label for each in page.text_input] == ["city"]
    assert not page.toggle
