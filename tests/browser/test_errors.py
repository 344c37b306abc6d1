import json
import shutil
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

from playwright.sync_api import expect

from tests.api.live import KEYS, Server
from tests.browser.chromium import button, prediction, score_example, whole
from tests.browser.conftest import Visit
from tests.browser.stack import Site
from tests.ports import free_port

Start = Callable[..., Server]
StartSite = Callable[..., Site]


def test_api_that_is_down_is_a_sentence_and_try_again_goes_on_when_it_is_up(
    visit: Visit, server_with: Start, site_for: StartSite
) -> None:
    server = server_with()
    server.signal(signal.SIGKILL)
    page = visit(site=site_for(server.url))
    expect(page.get_by_role("alert")).to_contain_text(f"Nobody answers at {server.url}: start the API (make run)")
    whole(page)
    server.start()
    button(page, "Try again").click()
    score_example(page)
    server.signal(signal.SIGKILL)
    button(page, "Score").click()
    expect(page.get_by_role("alert")).to_contain_text("Nobody answers")
    whole(page)
    server.start()
    button(page, "Try again").click()
    assert prediction(page)


def test_nothing_at_the_endpoint_is_a_sentence_on_every_page(visit: Visit, site_for: StartSite) -> None:
    site = site_for(f"http://127.0.0.1:{free_port()}")
    for path in ("/file", "/model", "/history"):
        page = visit(path, site=site)
        expect(page.get_by_role("alert")).to_contain_text("Nobody answers")
        whole(page)


def test_wrong_key_is_a_sentence_that_says_what_to_do_and_never_the_key(
    visit: Visit, server_with: Start, site_for: StartSite
) -> None:
    page = visit(site=site_for(server_with().url, key="a-wrong-key"))
    expect(page.get_by_role("alert")).to_contain_text("does not accept this page's key: correct api_key in")
    assert "a-wrong-key" not in page.content()
    whole(page)


def test_reached_limit_is_waited_for_as_the_api_says_and_then_answered(
    visit: Visit, server_with: Start, site_for: StartSite
) -> None:
    page = visit(site=site_for(server_with(LASTRO_RATE_LIMIT="2/12seconds").url))
    first = score_example(page)
    waiting = page.get_by_text("It goes on by itself in")
    for _ in range(3):
        button(page, "Score").click()
        if waiting.is_visible():
            break
        expect(page.get_by_test_id("stCode").or_(waiting)).to_be_visible()
    expect(waiting).to_be_visible()
    expect(waiting).to_contain_text("second")
    whole(page)
    expect(waiting).to_have_count(0)
    assert prediction(page) != first


def test_schema_that_changed_under_the_page_is_said_and_drawn_again(
    visit: Visit, server_with: Start, site_for: StartSite, tmp_path: Path, applicant: dict[str, Any]
) -> None:
    server = server_with()
    page = visit(site=site_for(server.url))
    score_example(page)
    server.signal(signal.SIGKILL)
    server.models = Path(shutil.copytree(server.models, tmp_path / "changed"))
    title = lower_a_bound(server.models / "model.json", applicant)
    server.start()
    button(page, "Score").click()
    expect(page.get_by_role("alert")).to_contain_text("The service asks for other fields than before")
    whole(page)
    button(page, "Try again").click()
    expect(page.get_by_role("spinbutton", name=title)).to_have_value("")
    assert KEYS["web"] not in page.content()


def lower_a_bound(path: Path, example: dict[str, Any]) -> str:
    """Set a field's maximum just below the example's value; return the field's title."""
    card = json.loads(path.read_text())
    feature = next(each for each in card["features"] if each["type"] == "integer")
    feature["maximum"] = example[feature["name"]] - 1
    path.write_text(json.dumps(card))
    return str(feature["title"])
