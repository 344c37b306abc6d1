"""The API's own pages, in a browser that reaches the API and nothing else"""

import re
from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Browser, Page, Route, expect

from tests.api.live import HEADERS
from tests.browser.conftest import PATIENCE
from tests.browser.stack import Stack

LOGO = "https://cdn.redoc.ly/redoc/logo-mini.svg"  # of its maker, in ReDoc's script: the policy keeps it from asking


@pytest.fixture
def alone(stack: Stack, browser: Browser) -> Iterator[tuple[Callable[[str], Page], list[str]]]:
    """Opens an address of the API; what is asked of others, and what the browser complains of, is in the list."""
    complaints: list[str] = []

    def reach(route: Route) -> None:
        if route.request.url.startswith((f"{stack.api.url}/", "data:", "blob:")):
            route.continue_()
        else:
            complaints.append(route.request.url)
            route.abort()

    def opened(path: str) -> Page:
        page = context.new_page()
        page.set_default_timeout(PATIENCE)
        page.on("console", lambda message: complaints.append(message.text) if message.type == "error" else None)
        page.goto(f"{stack.api.url}{path}")
        return page

    with browser.new_context() as context:
        context.route("**", reach)
        yield opened, complaints


def test_docs_show_the_operations_take_a_key_and_send_a_request(
    alone: tuple[Callable[[str], Page], list[str]],
) -> None:
    opened, complaints = alone
    page = opened("/")
    expect(page).to_have_url(re.compile("/docs$"))
    expect(page.locator("#operations-predictions-predict")).to_be_visible()
    assert page.locator(".opblock").count() >= 9
    page.get_by_role("button", name="Authorize").first.click()
    page.get_by_label("Value:").first.fill(HEADERS["x-api-key"])
    page.get_by_role("button", name="Apply credentials").first.click()
    page.get_by_role("button", name="Close").first.click()
    operation = page.locator("#operations-predictions-predict")
    operation.get_by_role("button").first.click()
    operation.get_by_role("button", name="Try it out").click()
    operation.get_by_role("button", name="Execute").click()
    answer = operation.locator(".live-responses-table .response").first
    expect(answer).to_contain_text("200")
    expect(answer).to_contain_text("probability_of_default")
    assert complaints == []


def test_redoc_shows_the_operations(alone: tuple[Callable[[str], Page], list[str]]) -> None:
    opened, complaints = alone
    page = opened("/redoc")
    expect(page.get_by_role("heading", name="Lastro").first).to_be_visible()
    expect(page.get_by_text("/predict/batch").first).to_be_attached()
    assert [said for said in complaints if not said.startswith(f"Loading the image '{LOGO}'")] == []
