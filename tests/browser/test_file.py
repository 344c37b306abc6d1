import csv
import io
import re
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.browser.chromium import button, downloaded, upload, whole
from tests.browser.conftest import Visit
from tests.browser.stack import Stack

MANY = 10_000
MINUTE = 60_000


@pytest.fixture(scope="module")
def rows(stack: Stack, applicant: dict[str, Any]) -> list[dict[str, Any]]:
    """Applicants of whom no two are the same."""
    with stack.client() as client:
        fields = client.get("/model/info").json()["card"]["features"]
    wide = next(each for each in fields if each["type"] == "integer" and (each["maximum"] or 10**9) > MANY)
    return [{**applicant, wide["name"]: int(wide["minimum"] or 0) + place} for place in range(MANY)]


def table(rows: list[dict[str, Any]]) -> bytes:
    text = io.StringIO()
    writer = csv.DictWriter(text, rows[0])
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue().encode()


def read(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text)))


def plain(row: dict[str, Any]) -> dict[str, str]:
    return {name: str(value) for name, value in row.items()}


def done(page: Page) -> None:
    """Wait until every row is scored."""
    expect(button(page, "Download the results")).to_be_visible(timeout=MINUTE)
    expect(page.get_by_role("progressbar")).to_have_count(0, timeout=MINUTE)


def test_template_is_a_file_that_can_be_scored(visit: Visit, applicant: dict[str, Any]) -> None:
    page = visit("/file")
    template = downloaded(page, "Template")
    assert read(template) == [plain(applicant)]
    upload(page, template.encode())
    expect(page.get_by_text("1 row, without errors")).to_be_visible()
    whole(page)


def test_stop_in_the_middle_of_ten_thousand_rows_loses_and_repeats_nothing(
    visit: Visit, stack: Stack, rows: list[dict[str, Any]]
) -> None:
    page = visit("/file")
    upload(page, table(rows))
    button(page, "Score the file").click()
    expect(page.get_by_role("progressbar")).to_be_visible()
    expect(page.get_by_text(re.compile(r"^[1-9][0-9,]* of 10,000 rows are scored")).first).to_be_visible()
    button(page, "Stop scoring").click()
    expect(button(page, "Go on")).to_be_visible(timeout=MINUTE)
    first = [row["prediction_id"] for row in read(downloaded(page, "Download the results"))]
    assert 0 < len(first) < MANY
    button(page, "Go on").click()
    expect(button(page, "Go on")).to_have_count(0, timeout=MINUTE)
    done(page)
    found = read(downloaded(page, "Download the results"))
    assert [row["prediction_id"] for row in found][: len(first)] == first
    assert len({row["prediction_id"] for row in found}) == MANY
    assert [{name: row[name] for name in rows[0]} for row in found] == [plain(row) for row in rows]
    with stack.client() as client:
        for place in (0, 499, 500, MANY - 1):
            kept = client.get(f"/predictions/{found[place]['prediction_id']}").json()
            assert kept["inputs"] == rows[place]
            assert (str(kept["score"]), kept["decision"]) == (found[place]["score"], found[place]["decision"])
    expect(page.get_by_text("10,000 rows")).to_be_visible()
    whole(page)
