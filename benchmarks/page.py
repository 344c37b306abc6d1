"""Page: seconds in a real browser to a ready form, from a click to the score, and for a file of 10 000 rows.

The committed model is served by one worker behind the page, as `make run` does it, and the machine's Chromium visits.
Each visit is a browser's first: nothing is cached. The very first one after the page's start is shown apart. Medians.
"""

import argparse
import contextlib
import os
import statistics
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from playwright.sync_api import Browser, Page, expect, sync_playwright
from tqdm import tqdm

from benchmarks._load import Load
from benchmarks._models import ROOT, applicants
from benchmarks._servers import Server, page, service
from tests.browser.chromium import launched

KEY = "key-of-the-benchmark"
ROWS, SEED = 10_000, 2026
PATIENCE = 120_000.0  # milliseconds
GOALS = {"ready form": 2.0, "click to score": 0.5}
WIDTH, HEIGHT = 1440, 900  # pixels


@contextlib.contextmanager
def running(folder: Path) -> Iterator[Server]:
    """The page in front of the API; the page has answered, but nobody has visited it."""
    api = service(ROOT / "models", folder / "state", KEY)
    started = [api]
    try:
        api.start(folder / "log")
        api.wait(Load("GET", "/health", folder, KEY))
        site = page(f"http://127.0.0.1:{api.port}", KEY)
        started.append(site)
        site.start(folder / "log")
        site.wait(Load("GET", "/_stcore/health", folder, KEY))
        yield site
    finally:
        for server in started:
            server.stop()


def visit(browser: Browser, site: Server) -> Page:
    """A browser's first visit, until the form can be used."""
    seen = browser.new_context(locale="en-US", viewport={"width": WIDTH, "height": HEIGHT}).new_page()
    seen.set_default_timeout(PATIENCE)
    seen.goto(f"http://127.0.0.1:{site.port}/", wait_until="commit")
    seen.get_by_role("button", name="Score", exact=True).wait_for()
    return seen


def example(seen: Page) -> None:
    """Fill the form with the example applicant."""
    seen.get_by_role("button", name="Example applicant").click()
    expect(seen.get_by_role("combobox").first).not_to_have_value("")
    expect(seen.get_by_test_id("stApp")).to_have_attribute("data-test-script-state", "notRunning")


def score(seen: Page) -> None:
    """Click, and wait for an answer that is not the one before."""
    before = prediction(seen)
    seen.get_by_role("button", name="Score", exact=True).click()
    seen.wait_for_function(
        "old => (document.querySelector('[data-testid=stCode]')?.innerText ?? '') !== old", arg=before
    )


def prediction(seen: Page) -> str:
    """The prediction id that is shown; empty where there is none."""
    shown = seen.get_by_test_id("stCode")
    return shown.inner_text() if shown.count() else ""


def score_file(seen: Page, file: Path) -> None:
    """Upload, score, wait for the table."""
    seen.get_by_test_id("stFileUploaderDropzoneInput").set_input_files(file)
    seen.get_by_role("button", name="Score the file").click()
    seen.get_by_role("button", name="Download the results").wait_for()


def measured(browser: Browser, site: Server, file: Path, runs: int) -> dict[str, list[float]]:
    """Seconds of each step, run by run."""
    found: dict[str, list[float]] = {"first visit after the start": [], "ready form": [], "click to score": []}
    for run in tqdm(range(runs + 1), unit="visit"):
        with timed(found["ready form" if run else "first visit after the start"]):
            seen = visit(browser, site)
        example(seen)
        for _ in range(2 if run else 0):
            with timed(found["click to score"]):
                score(seen)
        seen.context.close()
    seen = visit(browser, site)
    seen.goto(f"http://127.0.0.1:{site.port}/file")
    with timed(found.setdefault(f"file of {ROWS:,} rows", [])):
        score_file(seen, file)
    return found


@contextlib.contextmanager
def timed(found: list[float]) -> Iterator[None]:
    """Append the seconds that its block takes."""
    start = time.perf_counter()
    yield
    found.append(time.perf_counter() - start)


def report(found: dict[str, list[float]]) -> None:
    """Print the table."""
    print(f"{os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}")
    print(f"{'':30}{'median s':>9}{'slowest s':>11}{'runs':>6}  goal")
    for name, seconds in found.items():
        goal, median = GOALS.get(name), statistics.median(seconds)
        judged = "" if goal is None else f"<= {goal:g} s: {'met' if median <= goal else 'missed'}"
        print(f"{name:30}{median:9.2f}{max(seconds):11.2f}{len(seconds):6}  {judged}")


def main() -> None:
    """Start, visit, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=7)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="lastro-page-") as made, sync_playwright() as playwright:
        folder, browser = Path(made), launched(playwright)
        with running(folder) as site:
            file = folder / "applicants.csv"
            applicants(ROWS, SEED).to_csv(file, index=False)
            report(measured(browser, site, file, asked.runs))


if __name__ == "__main__":
    main()
