import json
from typing import Any

import pytest
from playwright.sync_api import expect

from tests.browser.chromium import whole
from tests.browser.conftest import Visit
from tests.browser.stack import Stack

CHARTS = {"Quality": 3, "Calibration": 1}  # ROC, score distribution, importance; calibration


@pytest.fixture(scope="module")
def registered(stack: Stack) -> dict[str, Any]:
    """What publishing said."""
    return dict(json.loads((stack.models / "registry.json").read_text()))


def test_lineage_leads_to_the_published_version_and_every_chart_and_metric_is_drawn(
    visit: Visit, stack: Stack, registered: dict[str, Any]
) -> None:
    page = visit()
    assert registered["version"] == "1"
    expect(page.get_by_text("version 1, published")).to_be_visible()
    page.get_by_test_id("stMain").get_by_role("link", name="Model").click()
    for tab, count in CHARTS.items():
        page.get_by_role("tab", name=tab).click()
        charts = page.get_by_test_id("stVegaLiteChart").locator("canvas, svg.marks").filter(visible=True)
        expect(charts).to_have_count(count)
        for place in range(count):
            box = charts.nth(place).bounding_box()
            assert box is not None
            assert box["width"] > 200
            assert box["height"] > 150
    page.get_by_role("tab", name="Lineage").click()
    for name in ("git_commit", "data_md5", "sha256"):
        expect(page.get_by_role("listitem").get_by_text(registered[name], exact=True)).to_be_visible()
    expect(page.get_by_text(f"models:/{registered['name']}/1")).to_be_visible()
    page.get_by_role("tab", name="Quality").click()
    evaluation = json.loads((stack.models / "evaluation.json").read_text())
    auc = evaluation["metrics"]["roc_auc"]
    row = page.get_by_role("row").filter(has_text="ROC AUC")
    expect(row).to_contain_text(f"{auc['value']:.3f}")
    expect(row).to_contain_text(f"{auc['low']:.3f} to {auc['high']:.3f}")
    whole(page)
