"""`login = true` -> who uses this session, asked for by name and password; the token is nowhere but in the session"""

import time
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass, field, replace

import streamlit as st

from src.frontend import language
from src.frontend.client import Client
from src.frontend.errors import LoginNeededError, PageError
from src.frontend.language import _
from src.frontend.settings import settings

USER, FAILED, NAME, PASSWORD = "user", "login:failed", "login:name", "login:password"  # in the session


@dataclass(frozen=True)
class User:
    """Somebody who has logged in, and until when (in seconds of the monotonic clock) the token is good."""

    name: str
    token: str = field(repr=False)
    ends: float


def name() -> str:
    """Return who uses this session, if perhaps no longer; raises LoginNeededError where nobody has logged in."""
    user: User | None = st.session_state.get(USER)
    if user is None:
        raise LoginNeededError
    return user.name


def token() -> str:
    """Return what the API knows this session's user by; raises LoginNeededError where it has ended."""
    user: User | None = st.session_state.get(USER)
    if user is None or time.monotonic() >= user.ends:
        raise LoginNeededError
    return user.token


def ask(explain: Callable[[PageError], str]) -> None:
    """Draw the form, beneath what of the page is there already; what was filled in stays for the same user."""
    user: User | None = st.session_state.get(USER)
    if user is not None:
        st.session_state[USER] = replace(user, token="", ends=0.0)
    ended = _("Your login has ended: log in again, and the page goes on where it was.")
    st.info(_("Log in to use this page.") if user is None else ended, icon=":material/lock:")
    if failed := st.session_state.get(FAILED):
        st.error(explain(failed), icon=":material/error:")
    with st.form("login"):
        st.text_input(_("Name"), key=NAME, autocomplete="username")
        st.text_input(_("Password"), key=PASSWORD, type="password", autocomplete="current-password")
        st.form_submit_button(_("Log in"), on_click=log_in, type="primary")


def log_in() -> None:
    """Get a token for what was typed, or remember why there is none; the password is forgotten at once."""
    typed, password = st.session_state[NAME], st.session_state[PASSWORD]
    st.session_state[PASSWORD] = ""
    try:
        with closing(Client(settings().endpoint)) as client:
            found = client.login(typed, password)
    except PageError as error:
        st.session_state[FAILED] = error
        return
    former: User | None = st.session_state.get(USER)
    if former is not None and former.name != typed:
        log_out()
    st.session_state[FAILED] = None
    st.session_state[USER] = User(typed, found["access_token"], time.monotonic() + found["expires_in"])


def log_out() -> None:
    """Forget the session, but for its language: the next user sees nothing of this one's."""
    for key in list(st.session_state):
        if key != language.KEY:
            del st.session_state[key]


def show() -> None:
    """Draw who has logged in, and the way out."""
    if user := st.session_state.get(USER):
        st.caption(user.name)
        st.button(_("Log out"), on_click=log_out, icon=":material/logout:")
