"""Months of traffic as the page's Monitoring draws them: every chart, in light and dark, for whoever cannot see them"""

import json

import pytest
from playwright.sync_api import Page, expect

from src.journal.database import connect_engine
from tests.browser.chromium import choose, overflow, settled, violations, whole
from tests.browser.conftest import Visit
from tests.browser.stack import Stack
from tests.monitored import seed

TABS = {"Alerts": 0, "Applicants": 4, "Outcomes": 2, "Fairness": 0}  # and how many charts each has
NARROW, WIDE = {"width": 400, "height": 800}, {"width": 1280, "height": 900}


@pytest.fixture(scope="module")
def _months(stack: Stack) -> None:
    """Months of monitoring in the API's log."""
    export = json.loads((stack.models / "export.json").read_text())
    features = json.loads((stack.models / "model.json").read_text())["features"]
    engine = connect_engine(f"sqlite:///{stack.api.folder}/api/journal.db", 30.0)
    seed(engine, export.get("sha256", "f" * 64), {each["name"]: ["missing", "over 1 to 2"] for each in features})
    engine.dispose()


def drawn(page: Page, count: int) -> None:
    """So many charts are seen, each of a size that can be read, with words for who does not see it."""
    charts = page.get_by_test_id("stVegaLiteChart").filter(visible=True)
    expect(charts).to_have_count(count)
    for place in range(count):
        picture = charts.nth(place).locator("canvas, svg.marks").filter(visible=True)
        expect(picture).to_have_count(1)
        box = picture.bounding_box()
        assert box is not None
        assert box["width"] > 200
        assert box["height"] > 150


@pytest.mark.usefixtures("_months", "axe")
def test_months_of_traffic_are_drawn_and_can_be_read_by_all(visit: Visit, stack: Stack) -> None:
    page = visit(color_scheme="light", viewport=WIDE)
    wrong: list[str] = []
    asked: list[str] = []
    page.on("console", lambda said: wrong.append(said.text) if said.type == "error" else None)
    page.on("request", lambda request: asked.append(request.url))
    page.get_by_test_id("stSidebar").get_by_role("link", name="Monitoring").click()
    expect(page.get_by_text("▲ firing: Drift")).to_be_visible()
    settled(page)
    for tab, count in TABS.items():
        page.get_by_role("tab", name=tab).click()
        drawn(page, count)
        for theme, size in (("light", WIDE), ("dark", NARROW)):
            page.emulate_media(color_scheme=theme)
            page.set_viewport_size(size)
            settled(page)
            page.wait_for_timeout(300)
            if theme == "light" or not count:  # the dark theme changes nothing that axe could see of a chart
                assert violations(page) == [], (tab, theme)
            assert overflow(page) == 0, (tab, theme)
        page.set_viewport_size(WIDE)
    choose(page, "Month", "2026-04 · ✓ mature")
    expect(page.get_by_role("cell", name="female")).to_be_visible()
    whole(page)
    assert wrong == []
    assert [url for url in asked if not url.startswith((stack.site.url, stack.site.url.replace("http", "ws")))] == []
