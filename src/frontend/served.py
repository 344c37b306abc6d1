"""what the API serves -> kept for a while, by endpoint and by key or user, so that pages are quick"""

import functools
from collections.abc import Callable
from typing import Any

import streamlit as st

from src.frontend import login
from src.frontend.client import Client, Json
from src.frontend.schema import Field, fields_of
from src.frontend.settings import settings

KEPT = 300  # seconds; an answer from another model than the kept one ends it at once


@st.cache_resource(max_entries=4, show_spinner=False, on_release=Client.close)
def connection(endpoint: str, api_key: str) -> Client:
    """Return a client whose connections stay open."""
    return Client(endpoint, api_key)


def question(endpoint: str, who: str, what: str, _client: Callable[[], Client]) -> Json:
    """Return the answer to one of the client's questions; it is kept by all but `_client`, as Streamlit has it."""
    del endpoint, who
    ask: Callable[[], Json] = getattr(_client(), what)
    return ask()


@functools.cache
def kept() -> Any:
    """Return `question` with its answers kept; made at first use, for Streamlit warns where that is an import."""
    return st.cache_data(ttl=KEPT, max_entries=48, show_spinner=False)(question)


def client() -> Client:
    """Return a client of these settings' API, with the page's key or the user's token; raises PageError."""
    here = settings()
    found = connection(here.endpoint, here.api_key)
    return found.bearing(login.token()) if here.login else found


def fields() -> list[Field]:
    """Return what the API asks of an applicant; raises PageError."""
    return fields_of(ask("document"))


def model_info() -> Json:
    """Return the served model's card and provenance; raises PageError."""
    return ask("model_info")


def evaluation() -> Json:
    """Return the served model's evaluation; raises PageError."""
    return ask("evaluation")


def ask(what: str) -> Json:
    """Return an answer, asked for anew unless it is kept."""
    here = settings()
    found: Json = kept()(here.endpoint, login.name() if here.login else here.api_key, what, client)
    return found


def forget() -> None:
    """Forget every answer that is kept."""
    kept().clear()


def card_of(model: dict[str, Any]) -> Json:
    """Return the card by which an answer was decided: another version's where the champion did not give it."""
    info = model_info()
    if model == info["model"] or not model["version"]:
        return dict(info["card"])
    return dict(client().version(model["version"])["card"])


def notice(model: dict[str, Any]) -> None:
    """Forget what was kept where an answer comes from another model."""
    if model != model_info()["model"]:
        forget()
