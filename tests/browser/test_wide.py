"""A form of 120 fields, of a service that asks for so many: what is hidden keeps what was typed and not sent"""

import json
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from playwright.sync_api import expect

from tests.browser.chromium import settled, whole
from tests.browser.conftest import Visit
from tests.browser.stack import Site, Stack
from tests.frontend.odd import WIDE, document


@pytest.fixture
def wide(stack: Stack) -> Iterator[str]:
    """The address of a service whose model is the stack's, and whose contract is a wide one."""
    with stack.client() as client:
        info, evaluation = client.get("/model/info").json(), client.get("/model/evaluation").json()
    evaluation["importance"] = [{"feature": "fact 7", "loss": 0.02, "std": 0.01}]
    answers: dict[str, Any] = {
        "/openapi.json": document(WIDE, ["needed"], {"needed": 3}),
        "/model/info": info,
        "/model/evaluation": evaluation,
    }

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            status = 200 if self.path in answers else 404  # an earlier release knows fewer paths
            body = json.dumps(answers.get(self.path, {"status": status, "detail": "There is no such path."})).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


def test_wide_form_is_searched_and_narrowed_and_loses_nothing(
    visit: Visit, site_for: Callable[..., Site], wide: str
) -> None:
    page = visit(site=site_for(wide))
    third = page.get_by_label("Fact 3", exact=True)
    third.fill("77")
    third.press("Tab")
    search = page.get_by_label("Find a field")
    search.fill("fact 11")
    search.press("Enter")
    expect(page.get_by_text("10 of 120 fields")).to_be_visible()
    expect(page.get_by_label("Fact 110", exact=True)).to_be_visible()
    expect(third).to_be_hidden()
    expect(page.get_by_role("heading", name="Facts 25 to 36")).to_be_hidden()
    settled(page)
    search.fill("")
    search.press("Enter")
    expect(third).to_be_visible()
    expect(third).to_have_value("77")
    settled(page)
    page.get_by_text("Only the fields that decide").click()
    expect(page.get_by_text("2 of 120 fields")).to_be_visible()
    for label, seen in (("Fact 7", True), ("Needed *", True), ("Fact 8", False)):
        expect(page.get_by_label(label, exact=True)).to_be_visible(visible=seen)
    whole(page)
