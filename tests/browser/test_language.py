import json
import re
from typing import Any

import pytest
from playwright.sync_api import expect

from tests.browser.chromium import button, score_example, settled, whole
from tests.browser.conftest import Visit
from tests.browser.stack import Stack


@pytest.fixture(scope="module")
def texts(stack: Stack) -> dict[str, Any]:
    """The data set's own words in Portuguese."""
    card = json.loads((stack.models / "model.json").read_text())
    return dict(card["translations"]["pt-BR"])


def test_portuguese_browser_gets_a_portuguese_page_and_the_api_its_own_values(
    visit: Visit, stack: Stack, applicant: dict[str, Any], texts: dict[str, Any]
) -> None:
    page = visit(locale="pt-BR")
    for name in applicant:
        expect(page.get_by_label(texts[name]["title"]).first).to_be_visible()
    shown = score_example(page, "Solicitante de exemplo", "Pontuar")
    with stack.client() as client:
        found = client.get(f"/predictions/{shown}").json()
    assert found["inputs"] == applicant
    word = {"approve": "Aprovar", "decline": "Recusar"}[found["decision"]]
    expect(page.get_by_role("heading", name=word)).to_be_visible()
    percent = f"{found['probability_of_default'] * 100:.1f}%".replace(".", ",")
    expect(page.get_by_text(percent).first).to_be_visible()
    whole(page)


@pytest.mark.parametrize(("locale", "heading"), [("pt-PT", "Modelo"), ("de-DE", "Model"), ("en-GB", "Model")])
def test_browser_of_another_country_gets_the_nearest_language(visit: Visit, locale: str, heading: str) -> None:
    page = visit("/model", locale=locale)
    expect(page.get_by_role("heading", name=heading, exact=True)).to_be_visible()


def test_switch_changes_the_language_keeps_the_answer_and_stands_in_the_address(visit: Visit) -> None:
    page = visit()
    shown = score_example(page)
    page.get_by_text("Português (BR)").click()
    expect(page.get_by_role("heading", name="Pontuar um solicitante")).to_be_visible()
    expect(page.get_by_test_id("stCode")).to_have_text(shown)
    expect(page).to_have_url(re.compile("lang=pt-BR"))
    page.reload()
    settled(page)
    expect(button(page, "Pontuar")).to_be_visible()
    whole(page)


@pytest.mark.parametrize("path", ["/", "/file", "/model", "/history"])
def test_no_english_is_left_on_a_portuguese_page(visit: Visit, path: str) -> None:
    page = visit(path, locale="pt-BR")
    said = page.get_by_test_id("stMain").inner_text()
    left = [word for word in (" the ", " and ", "Score", "Choose", "None", "Browse", "Drag") if word in said]
    assert left == []
