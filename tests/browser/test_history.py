import csv
import io
import re
from typing import Any

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.chromium import choose, downloaded, whole
from tests.browser.conftest import Visit
from tests.browser.stack import Stack


@pytest.fixture(scope="module")
def asked(stack: Stack, applicant: dict[str, Any]) -> list[dict[str, Any]]:
    """Thirty answers of the page's key, the newest first, of both decisions."""
    number = next(name for name, value in applicant.items() if isinstance(value, int))
    with stack.client() as client:
        feature = next(each for each in client.get("/model/info").json()["card"]["features"] if each["name"] == number)
        low, high = feature["minimum"] or 1, feature["maximum"] or 100
        applicants = [{**applicant, number: (low, high)[place % 2]} for place in range(30)]
        answers = client.post("/predict/batch", json={"applicants": applicants}).raise_for_status().json()
    return list(answers["predictions"])[::-1]


def cell(page: Page, words: str) -> Locator:
    """The table's cell of these words, drawn or about to be."""
    return page.locator("[role=gridcell]", has_text=words)


def cells(page: Page, column: int) -> list[str]:
    """A column of the table as screen readers have it."""
    return page.locator(f"[role=gridcell][aria-colindex='{column}']").all_text_contents()


def test_predictions_are_listed_and_brought_as_a_file_and_the_decision_is_more_than_a_colour(
    visit: Visit, asked: list[dict[str, Any]]
) -> None:
    page = visit("/history")
    expected = [answer["prediction_id"] for answer in asked]
    expect(cell(page, expected[0])).to_be_attached()
    assert cells(page, 5)[:5] == expected[:5]
    page.get_by_role("button", name="Older").click()
    expect(cell(page, expected[25])).to_be_attached()
    sign = {"approve": "✓ Approve", "decline": "✕ Decline"}
    assert cells(page, 4)[:5] == [sign[answer["decision"]] for answer in asked[25:]]
    rows = csv.DictReader(io.StringIO(downloaded(page, "Download as CSV")))
    assert [row["prediction_id"] for row in rows][: len(expected)] == expected
    whole(page)


def test_prediction_is_verified_by_a_click(visit: Visit, asked: list[dict[str, Any]]) -> None:
    page = visit(f"/history?id={asked[0]['prediction_id']}")
    page.get_by_role("button", name="Verify").click()
    same = page.get_by_text("Computed again just now: the same, to the last bit.")
    expect(same).to_contain_text(repr(asked[0]["probability_of_default"]))
    whole(page)


def test_what_became_of_an_applicant_is_recorded(visit: Visit, asked: list[dict[str, Any]]) -> None:
    page = visit(f"/history?id={asked[1]['prediction_id']}")
    expect(page.get_by_text("Not known yet.")).to_be_visible()
    page.get_by_text("Record an outcome").click()
    choose(page, "Outcome", "bad")
    page.get_by_role("button", name="Record", exact=True).click()
    expect(page.get_by_text("bad, known since")).to_be_visible()
    whole(page)


def test_prediction_opens_by_a_click_on_its_row_by_its_address_and_by_its_id(
    visit: Visit, asked: list[dict[str, Any]], applicant: dict[str, Any]
) -> None:
    page = visit("/history")
    opened = page.get_by_test_id("stCode")
    expect(cell(page, asked[0]["prediction_id"])).to_be_attached()
    page.get_by_test_id("stDataFrame").click(position={"x": 16, "y": 53})  # the box before the first row
    expect(opened).to_have_text(asked[0]["prediction_id"])
    expect(page).to_have_url(re.compile(asked[0]["prediction_id"]))
    page.reload()
    expect(opened).to_have_text(asked[0]["prediction_id"])
    page.get_by_label("Prediction id").fill(asked[4]["prediction_id"])
    page.keyboard.press("Enter")
    expect(opened).to_have_text(asked[4]["prediction_id"])
    expect(page.get_by_role("table").get_by_role("row")).to_have_count(1 + len(applicant))
    whole(page)
