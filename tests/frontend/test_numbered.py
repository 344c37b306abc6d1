"""An applicant's number fills the form with what the API has stored, and what is changed there counts instead"""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from tests.frontend.conftest import ClientOf, Open
from tests.frontend.pages import button, widget, words
from tests.frontend.service import Service
from tests.stored import address_of, put

FIELD = "Applicant number"


@pytest.fixture
def storing(server_with: Callable[..., Service], tmp_path: Path, models: Path, example: dict[str, Any]) -> Service:
    """A service that knows applicants by number; what is stored of one is not enough."""
    known = {"a/17": example | {"age_years": 44, "credit_amount": 4321}, "part": {"age_years": 44}}
    put(address_of(tmp_path), known, models)
    return server_with()


def typed(page: AppTest, number: str) -> AppTest:
    found: AppTest = widget(page, FIELD).set_value(number).run()
    return found


def test_number_fills_the_form_and_the_record_names_the_applicant(
    storing: Service, open_page: Open, client_of: ClientOf
) -> None:
    page, client = typed(open_page(endpoint=storing.url), "a/17"), client_of(storing.url)
    assert widget(page, "Credit amount (DM)").value == 4321
    assert "What you change counts instead" in words(page)
    button(page, "Score").click().run()
    record = client.prediction(page.code[0].value)
    assert (record["applicant_id"], record["purpose"], record["inputs"]["credit_amount"]) == (
        "a/17",
        "application",
        4321,
    )
    looked_up = client.predictions()["predictions"][1]
    assert (looked_up["applicant_id"], looked_up["purpose"]) == ("a/17", "what-if")

    widget(page, "Credit amount (DM)").set_value(1234)
    button(page, "Score").click().run()
    changed = client.prediction(page.code[0].value)
    assert (changed["applicant_id"], changed["inputs"]) == ("a/17", record["inputs"] | {"credit_amount": 1234})


def test_example_has_no_number_and_an_empty_field_forgets_whose_values_they_were(
    storing: Service, open_page: Open, client_of: ClientOf
) -> None:
    client = client_of(storing.url)
    for leave in (lambda page: button(page, "Example applicant").click().run(), lambda page: typed(page, "")):
        page = leave(typed(open_page(endpoint=storing.url), "a/17"))
        assert widget(page, FIELD).value == ""
        button(page, "Score").click().run()
        assert client.prediction(page.code[0].value)["applicant_id"] is None


@pytest.mark.parametrize(
    ("lang", "number", "says"),
    [
        ("en", "nobody", "There is no applicant of this number."),
        ("en", "part", "is not all that the model needs"),
        ("pt-BR", "nobody", "Não há solicitante com este número."),
    ],
)
def test_number_that_cannot_be_used_is_a_sentence_and_leaves_the_form(
    storing: Service, open_page: Open, client_of: ClientOf, lang: str, number: str, says: str
) -> None:
    page = open_page(endpoint=storing.url, lang=lang)
    (field,) = page.text_input
    page = field.set_value(number).run()
    assert [warning.value for warning in page.warning if says in warning.value]
    assert not page.exception
    assert client_of(storing.url).predictions()["predictions"] == []


def test_page_without_a_store_has_no_such_field(open_page: Open) -> None:
    assert FIELD not in [each.label for each in open_page().text_input]
