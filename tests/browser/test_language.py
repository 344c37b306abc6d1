import json
import re
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.browser.chromium import button, score_example, settled, whole
from tests.browser.conftest import Visit
from tests.browser.stack import Stack


@pytest.fixture(scope="module")
def texts(stack: Stack) -> dict[str, Any]:
    """The data set's own words in Portuguese."""
    card = json.loads((stack.models / "model.json").read_text())
    return dict(card["translations"]["pt-BR"])


def english(page: Page) -> list[str]:
    """The English words that are left on a page."""
    said = page.get_by_test_id("stMain").inner_text()
    return [word for word in (" the ", " and ", "Score", "Choose", "None", "Browse", "Drag") if word in said]


def test_portuguese_browser_gets_portuguese_pages_and_the_api_its_own_values(
    visit: Visit, stack: Stack, applicant: dict[str, Any], texts: dict[str, Any]
) -> None:
    page = visit(locale="pt-BR")
    for name in applicant:
        expect(page.get_by_label(texts[name]["title"]).first).to_be_visible()
    assert english(page) == []
    shown = score_example(page, "Solicitante de exemplo", "Pontuar")
    with stack.client() as client:
        found = client.get(f"/predictions/{shown}").json()
    assert found["inputs"] == applicant
    word = {"approve": "Aprovar", "decline": "Recusar"}[found["decision"]]
    expect(page.get_by_role("heading", name=word)).to_be_visible()
    percent = f"{found['probability_of_default'] * 100:.1f}%".replace(".", ",")
    expect(page.get_by_text(percent).first).to_be_visible()
    whole(page)
    for path in ("/file", "/model", "/history"):
        page.goto(f"{stack.site.url}{path}")
        settled(page)
        assert english(page) == [], path


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
