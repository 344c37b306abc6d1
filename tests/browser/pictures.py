"""the committed model, pushed and published, behind the real page -> the README's pictures: `make pictures`"""

import contextlib
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

from playwright.sync_api import Browser, Locator, Page, expect, sync_playwright

from benchmarks._models import applicants
from ops.minio import find_or_build
from tests.api.live import Server
from tests.browser.chromium import button, launched, score_example, settled
from tests.browser.stack import Site, Stack, published
from tests.conftest import ROOT, fresh_copy
from tests.lineage.conftest import Minio

DOCS = ROOT / "docs"
SIZE = {"width": 1440, "height": 900}
PATIENCE = 60_000.0  # milliseconds
PEOPLE, SEED = 40, 2026  # of whom the history is


@contextlib.contextmanager
def stack(folder: Path) -> Iterator[Stack]:
    """MinIO, the committed model published from it, the API and the page, on free ports."""
    project = fresh_copy(folder / "project")
    shutil.copytree(ROOT / ".dvc" / "cache", project.root / ".dvc" / "cache")
    project.run("dvc", "checkout", "--quiet")
    minio = Minio(folder / "minio" / "data", find_or_build())
    minio.data.parent.mkdir()
    minio.start()
    try:
        api = Server(folder, published(project, minio))
    finally:
        minio.stop()
    site = Site(folder, api.url)
    try:
        api.start()
        site.start()
        yield Stack(api, site)
    finally:
        site.stop()
        api.stop()


def opened(browser: Browser, address: str) -> Page:
    """A page of the site, drawn."""
    page = browser.new_context(locale="en-US", viewport=SIZE).new_page()
    page.set_default_timeout(PATIENCE)
    page.goto(address)
    settled(page)
    return page


def taken(page: Page, seen: Locator, name: str) -> None:
    """Write a picture once something of it is drawn."""
    expect(seen).to_be_visible()
    settled(page)
    page.wait_for_timeout(1000)  # charts and tables are drawn after the script has ended
    page.screenshot(path=DOCS / name)
    page.context.close()


def main() -> None:
    """Draw an answer, the model and the history."""
    expect.set_options(timeout=PATIENCE)
    with tempfile.TemporaryDirectory(prefix="lastro-pictures-") as made, sync_playwright() as playwright:
        browser = launched(playwright)
        with stack(Path(made)) as live:
            with live.client() as client:
                people = applicants(PEOPLE, SEED).to_dict("records")
                client.post("/predict/batch", json={"applicants": people}).raise_for_status()
            history = opened(browser, f"{live.site.url}/history")
            taken(history, history.get_by_test_id("stDataFrame"), "history.png")
            model = opened(browser, f"{live.site.url}/model")
            taken(model, model.get_by_test_id("stVegaLiteChart").first, "model.png")
            score = opened(browser, live.site.url)
            score_example(score)
            button(score, "Find them").click()
            taken(score, score.get_by_text("what-ifs were asked"), "score.png")


if __name__ == "__main__":
    main()
