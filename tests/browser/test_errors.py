import signal
from collections.abc import Callable

from playwright.sync_api import expect

from tests.api.live import KEYS, LOGIN, USERS, Server
from tests.browser.chromium import button, prediction, score_example, settled, whole
from tests.browser.conftest import Visit
from tests.browser.stack import Site

Start = Callable[..., Server]
StartSite = Callable[..., Site]


def test_api_that_is_down_is_a_sentence_and_try_again_goes_on_when_it_is_up(
    visit: Visit, server_with: Start, site_for: StartSite
) -> None:
    server = server_with()
    page = visit(site=site_for(server.url))
    expect(page.get_by_role("alert")).to_contain_text(f"Nobody answers at {server.url}: start the API (make run)")
    whole(page)
    server.start()
    button(page, "Try again").click()
    score_example(page)
    server.signal(signal.SIGKILL)
    button(page, "Score").click()
    expect(page.get_by_role("alert")).to_contain_text("Nobody answers")
    assert KEYS["web"] not in page.content()
    whole(page)
    server.start()
    button(page, "Try again").click()
    assert prediction(page)


def test_user_logs_in_and_a_reached_limit_is_waited_for_as_the_api_says_and_then_answered(
    visit: Visit, server_with: Start, site_for: StartSite
) -> None:
    users = {f"LASTRO_{name}".upper(): value for name, value in LOGIN.items()}
    page = visit(site=site_for(server_with(LASTRO_RATE_LIMIT="2/20seconds", **users).start().url, login=True))
    page.get_by_label("Name", exact=True).fill("ana")
    page.get_by_label("Password", exact=True).fill(USERS["ana"])
    page.keyboard.press("Enter")
    button(page, "Example applicant").click()
    expect(page.get_by_role("spinbutton").first).not_to_have_value("")  # only then does the browser send it again, too
    settled(page)
    button(page, "Score").click()
    first = prediction(page)
    assert "eyJ" not in f"{page.url} {page.context.cookies()} {page.evaluate('JSON.stringify(localStorage)')}"
    waiting, shown = page.get_by_text("It goes on by itself in"), first
    for _ in range(5):  # each click is one request: it is answered, or waits, before the next
        settled(page)
        button(page, "Score").click()
        expect(page.get_by_test_id("stCode").filter(has_not_text=shown).or_(waiting).first).to_be_visible()
        if waiting.is_visible():
            break
        shown = prediction(page)
    expect(waiting).to_be_visible()
    expect(waiting).to_contain_text("second")
    whole(page)
    expect(waiting).to_have_count(0)
    expect(page.get_by_test_id("stCode")).not_to_have_text(shown)
