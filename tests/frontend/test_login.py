"""`login = true`: whoever opens the page says who they are, and again when that has ended"""

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from src.frontend import served
from src.frontend.errors import ForbiddenError, LoginNeededError, NoUsersError, TooManyLoginsError, WrongPasswordError
from src.frontend.login import USER
from src.frontend.schema import Field
from src.frontend.table import template
from tests.api.live import KEYS, LOGIN, PLENTY, USERS
from tests.frontend.conftest import ClientOf, Open
from tests.frontend.pages import button, words
from tests.frontend.service import Service
from tests.ports import free_port

WITH_USERS = {f"LASTRO_{name}".upper(): value for name, value in LOGIN.items()}


@pytest.fixture(scope="module")
def guarded(models: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a service with users."""
    plenty = {"LASTRO_OPEN_LIMIT": PLENTY, "LASTRO_FAILED_KEY_LIMIT": PLENTY}
    server = Service(tmp_path_factory.mktemp("guarded"), models, env=WITH_USERS | plenty).start()
    yield server.url
    server.stop()


@pytest.fixture
def asking(open_page: Open, guarded: str, monkeypatch: pytest.MonkeyPatch) -> Open:
    """Opens a page that asks who is there; it has a key too, which it must not use."""

    def visit(page: str = "", **about: Any) -> AppTest:
        monkeypatch.setenv("LASTRO_LOGIN", "true")
        return open_page(page, **{"endpoint": guarded} | about)

    return visit


def log_in(page: AppTest, name: str = "ana", password: str = "", words: str = "Log in") -> AppTest:
    page.text_input(key="login:name").set_value(name)
    page.text_input(key="login:password").set_value(password or USERS[name])
    return button(page, words).click().run()


def scored(page: AppTest) -> str:
    """Score the example applicant, and return the prediction's id."""
    button(page, "Example applicant").click().run()
    return str(button(page, "Score").click().run().code[0].value)


def change(page: AppTest, **about: Any) -> None:
    """Change what the session knows of its user."""
    page.session_state[USER] = replace(page.session_state[USER], **about)


@pytest.mark.parametrize("page", ["score_page", "file_page", "model_page", "history_page"])
def test_no_page_shows_anything_before_a_login(asking: Open, page: str) -> None:
    app = asking(page)
    assert "Log in to use this page" in words(app)
    assert [each.label for each in app.button] == ["Log in"]
    assert not [*app.exception, *app.dataframe, *app.table, *app.selectbox, *app.metric]
    assert "Log in" not in words(log_in(app))


def test_user_scores_with_a_token_that_is_in_the_session_alone(asking: Open, guarded: str, client_of: ClientOf) -> None:
    page = log_in(asking())
    made = scored(page)
    token = page.session_state[USER].token
    assert client_of(guarded, "").bearing(token).prediction(made)["caller"] == "user:ana"
    assert "ana" in [each.value for each in page.sidebar.caption]
    shared = served.connection(guarded, "")  # what Streamlit keeps for every session
    assert (shared.credential, "authorization" in shared.http.headers) == ({}, False)
    said = f"{words(page)} {dict(page.query_params)} {page.session_state[USER]}"
    assert [secret for secret in (token, USERS["ana"], KEYS["web"]) if secret in said] == []


@pytest.mark.parametrize(("name", "password"), [("ana", "wrong"), ("eve", "wrong")])
def test_wrong_password_is_said_and_forgotten(asking: Open, name: str, password: str) -> None:
    page = log_in(asking(), name, password)
    assert "The name or the password is wrong" in page.error[0].value
    assert page.text_input(key="login:name").value == name
    assert page.text_input(key="login:password").value == ""
    assert not log_in(page).error


@pytest.mark.parametrize("about", [{"ends": 0.0}, {"token": "not.of.ours"}], ids=["expired", "refused by the API"])
def test_login_that_has_ended_is_asked_for_again_and_the_form_goes_on(
    asking: Open, guarded: str, client_of: ClientOf, about: dict[str, Any]
) -> None:
    page = log_in(asking())
    button(page, "Example applicant").click().run()
    change(page, **about)
    button(page, "Score").click().run()
    assert "Your login has ended" in words(page)
    assert page.session_state[USER].token == ""
    log_in(page, password="wrong")
    assert "The name or the password is wrong" in page.error[0].value
    log_in(page)
    assert "Log in" not in words(page)
    made = client_of(guarded, "").bearing(page.session_state[USER].token).prediction(page.code[0].value)
    assert made["caller"] == "user:ana"


def test_file_stops_where_the_login_ends_and_goes_on_after_another(asking: Open, fields: list[Field]) -> None:
    page = log_in(asking("file_page"))
    head, row = template(fields, decimal_comma=False).decode("utf-8-sig").splitlines()
    page.file_uploader[0].upload("applicants.csv", "\n".join([head, row, row]).encode(), "text/csv").run()
    change(page, token="not.of.ours")
    button(page, "Score the file").click().run()
    assert "Your login has ended" in words(page)
    log_in(page)
    button(page, "Score the file").click().run()
    assert len(page.dataframe[0].value) == 2


def test_another_user_sees_nothing_of_the_one_before(asking: Open) -> None:
    page = log_in(asking())
    made = scored(page)
    change(page, ends=0.0)
    button(page, "Score").click().run()
    log_in(page, "root")
    assert made not in words(page)
    assert not page.code
    made = scored(page)
    button(page, "Log out").click().run()
    assert "Log in to use this page" in words(page)
    assert made not in words(page)
    assert USER not in page.session_state


def test_history_is_the_users_own(asking: Open) -> None:
    page = log_in(asking("history_page"), "bia")
    assert "There are none" in words(page)


def test_user_without_the_scope_is_told(asking: Open) -> None:
    page = log_in(asking(), "bia")
    button(page, "Example applicant").click().run()
    button(page, "Score").click().run()
    assert "may not do this: This wants the scope predict" in page.error[0].value


def test_login_speaks_the_language_of_the_page_and_keeps_it(asking: Open) -> None:
    page = asking(lang="pt-BR")
    assert "Entre para usar esta página" in words(page)
    log_in(page, words="Entrar")
    assert button(page, "Pontuar")
    button(page, "Sair").click().run()
    assert "Entre para usar esta página" in words(page)


def test_login_where_nobody_answers_is_a_sentence(asking: Open) -> None:
    page = log_in(asking(endpoint=f"http://127.0.0.1:{free_port()}"))
    assert "Nobody answers" in page.error[0].value
    assert not page.exception


def test_page_with_a_key_asks_nobody(open_page: Open) -> None:
    assert "Log" not in " ".join(each.label for each in open_page().button)


def test_client_tells_why_there_is_no_login(
    client_of: ClientOf, api: Service, guarded: str, server_with: Callable[..., Service]
) -> None:
    with pytest.raises(NoUsersError):
        client_of(api.url, "").login("ana", USERS["ana"])
    with pytest.raises(WrongPasswordError):
        client_of(guarded, "").login("ana", "wrong")
    strict = client_of(server_with(**WITH_USERS, LASTRO_OPEN_LIMIT="1/minute").url, "")
    token = strict.login("bia", USERS["bia"])["access_token"]
    with pytest.raises(TooManyLoginsError) as told:
        strict.login("bia", USERS["bia"])
    assert 0 < told.value.seconds <= 60
    with pytest.raises(ForbiddenError):
        strict.bearing(token).predict({})
    with pytest.raises(LoginNeededError):
        strict.bearing("not.of.ours").model_info()
