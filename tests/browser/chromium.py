"""Playwright -> the machine's own Chromium, and what people do and see in it"""

import re
import shutil
from contextlib import suppress
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, Locator, Page, Playwright, TimeoutError, expect

PROGRAMS = ("chromium", "chromium-browser", "google-chrome")  # Debian's name, and others'
OPTIONS = (
    "--no-sandbox --disable-gpu --disable-background-networking --disable-component-update --disable-sync "
    "--no-first-run"
)
AXE = Path(__file__).with_name("node_modules") / "axe-core" / "axe.min.js"
GRAVE = ("serious", "critical")
ATTEMPTS, LIST_OPENS = 5, 6_000  # how often a list is opened, and for how many milliseconds an option is waited for


def program() -> Path | None:
    """Where the browser is; None where there is none."""
    return next((Path(found) for name in PROGRAMS if (found := shutil.which(name))), None)


def launched(playwright: Playwright) -> Browser:
    """The browser; raises FileNotFoundError where there is none."""
    found = program()
    if found is None:
        raise FileNotFoundError(f"none of {', '.join(PROGRAMS)} is on PATH: on Debian, `apt install chromium`")
    return playwright.chromium.launch(executable_path=found, args=OPTIONS.split())


def button(page: Page, name: str) -> Locator:
    """The button of exactly this name."""
    return page.get_by_role("button", name=name, exact=True)


def settled(page: Page) -> None:
    """Wait until the page's script has ended."""
    expect(page.get_by_test_id("stApp")).to_have_attribute("data-test-script-state", "notRunning")


def score_example(page: Page, example: str = "Example applicant", score: str = "Score") -> str:
    """Fill the form with the example, send it at once, and return the prediction id that is shown."""
    button(page, example).click()
    button(page, score).click()
    return prediction(page)


def prediction(page: Page) -> str:
    """The id of the answer that is shown."""
    return page.get_by_test_id("stCode").inner_text().strip()


def choose(page: Page, label: str, option: str) -> None:
    """Choose in a select box, by its label and an option's words; as a person would, open it again if it closed.

    A run of the script that ends while the list is open closes it; what was typed may be gone with it, or stay."""
    box, wanted = page.get_by_role("combobox", name=label), page.get_by_role("option", name=option, exact=True)
    for _ in range(ATTEMPTS):
        settled(page)
        box.fill("")  # what stands there already and is typed again opens no list
        box.fill(option)
        with suppress(TimeoutError):
            return wanted.click(timeout=LIST_OPENS)
    raise AssertionError(f"{label}: its list never stayed open long enough to choose {option}")


def upload(page: Page, content: bytes, name: str = "applicants.csv") -> None:
    """Give the page a file."""
    file: Any = {"name": name, "mimeType": "text/csv", "buffer": content}
    page.locator("input[type=file]").set_input_files(file)


def downloaded(page: Page, name: str) -> str:
    """The text of the file that a button brings; a click while the script runs might bring none."""
    settled(page)
    with page.expect_download() as found:
        button(page, name).click()
    return found.value.path().read_text(encoding="utf-8-sig")


def whole(page: Page) -> None:
    """No traceback, and nothing of Streamlit's own errors."""
    expect(page.get_by_test_id("stException")).to_have_count(0)
    expect(page.get_by_text(re.compile("Traceback|Error:|Uncaught"))).to_have_count(0)


def violations(page: Page) -> list[str]:
    """What axe-core finds serious or critical: the rule, and where."""
    page.evaluate(AXE.read_text(encoding="utf-8"))
    found = page.evaluate("axe.run(document, {resultTypes: ['violations']})")["violations"]
    return [
        f"{each['id']} ({each['impact']}): {node['target']} {node['failureSummary']}"
        for each in found
        if each["impact"] in GRAVE
        for node in each["nodes"]
    ]


def overflow(page: Page) -> int:
    """By how many pixels the page or its main part is wider than what is seen."""
    widest = "e => e.scrollWidth - e.clientWidth"
    places = [page.locator("html"), page.get_by_test_id("stMain")]
    return max(int(place.evaluate(widest)) for place in places)
