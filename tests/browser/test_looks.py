from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.browser.chromium import button, downloaded, overflow, score_example, settled, upload, violations
from tests.browser.conftest import Visit

NARROW = {"width": 400, "height": 800}
WIDE = {"width": 1280, "height": 900}
STATES = ("answer", "faults", "results", "model", "fairness", "versions", "history")


def shown(visit: Visit, state: str) -> Page:
    """A page in one of its states."""
    path = {"answer": "/", "faults": "/file", "results": "/file", "fairness": "/model"}.get(state, f"/{state}")
    language = "pt-BR" if state == "fairness" else "en-US"  # the widest table, in the longer words
    page = visit(path, color_scheme="light", viewport=NARROW, locale=language)
    if state == "answer":
        score_example(page)
    elif state == "fairness":
        page.get_by_role("tab", name="Equidade").click()
    elif state == "faults":
        upload(page, b"a,b\n1,2\n")
        expect(page.get_by_role("alert")).to_be_visible()
    elif state == "results":
        upload(page, downloaded(page, "Template").encode())
        button(page, "Score the file").click()
        expect(button(page, "Download the results")).to_be_visible()
    settled(page)
    return page


def lightness(page: Page) -> int:
    """The red part of the background, 0 to 255."""
    return int(page.get_by_test_id("stApp").evaluate("e => getComputedStyle(e).backgroundColor.match(/\\d+/)[0]"))


@pytest.mark.usefixtures("axe")
@pytest.mark.parametrize("state", STATES)
def test_axe_finds_nothing_serious_and_nothing_overflows_in_both_of_the_browsers_themes(
    visit: Visit, state: str
) -> None:
    page = shown(visit, state)
    for theme in ("light", "dark"):
        page.emulate_media(color_scheme=theme)
        page.wait_for_timeout(300)
        assert (lightness(page) > 200) == (theme == "light")
        for size in (NARROW, WIDE):
            page.set_viewport_size(size)
            settled(page)
            assert violations(page) == [], (theme, size)
            assert overflow(page) == 0, (theme, size)


def test_opened_side_bar_is_reached_at_400_pixels(visit: Visit, axe: Path) -> None:
    page = visit(viewport=NARROW)
    page.get_by_test_id("stExpandSidebarButton").click()
    page.get_by_role("link", name="History").click()
    expect(page.get_by_role("heading", name="History", exact=True)).to_be_visible()
    assert axe.is_file()
    assert violations(page) == []
