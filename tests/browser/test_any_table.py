"""A table with everything awkward, as it was drafted, in the browser: its form, a score, an upload of its own file"""

from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from playwright.sync_api import expect

from tests.api.live import KEYS, Server
from tests.browser.chromium import score_example, whole
from tests.browser.conftest import PLENTY, Visit
from tests.browser.stack import Site
from tests.conftest import Project
from tests.everything import HEADER


@pytest.fixture(scope="module")
def site(everything: Project, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """The page in front of an API that serves the awkward table's model."""
    folder = tmp_path_factory.mktemp("any-table")
    api = Server(folder, everything.root / "models", env=PLENTY).start()
    page = Site(folder, api.url).start()
    yield page
    page.stop()
    api.stop()


def recorded(site: Site, prediction_id: str) -> dict[str, Any]:
    headers = {"x-api-key": KEYS["web"]}
    return dict(httpx.get(f"{site.endpoint}/predictions/{prediction_id}", headers=headers).raise_for_status().json())


def test_awkward_table_is_scored_in_its_own_names(visit: Visit, site: Site) -> None:
    page = visit(site=site, viewport={"width": 1440, "height": 900})
    for name in HEADER[2:-1]:
        expect(page.get_by_test_id("stWidgetLabel").get_by_text(name).first).to_be_visible()
    found = recorded(site, score_example(page))
    example = httpx.get(f"{site.endpoint}/openapi.json").json()["components"]["schemas"]["Applicant"]["example"]
    assert found["inputs"] == example
    whole(page)
