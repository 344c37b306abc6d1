"""what the API serves -> kept for a while, by endpoint and key, so that pages are quick"""

import functools
from collections.abc import Callable
from typing import Any

import streamlit as st

from src.frontend.client import Client, Json
from src.frontend.schema import Field, fields_of
from src.frontend.settings import settings

KEPT = 300  # seconds; an answer from another model than the kept one ends it at once


@st.cache_resource(max_entries=4, show_spinner=False, on_release=Client.close)
def connection(endpoint: str, api_key: str) -> Client:
    """Return a client whose connections stay open."""
    return Client(endpoint, api_key)


def question(endpoint: str, api_key: str, what: str) -> Json:
    """Return the answer to one of the client's questions."""
    ask: Callable[[], Json] = getattr(connection(endpoint, api_key), what)
    return ask()


@functools.cache
def kept() -> Any:
    """Return `question` with its answers kept; made at first use, for Streamlit warns where that is an import."""
    return st.cache_data(ttl=KEPT, max_entries=12, show_spinner=False)(question)


def client() -> Client:
    """Return a client of these settings' API; raises PageError."""
    here = settings()
    return connection(here.endpoint, here.api_key)


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
    found: Json = kept()(here.endpoint, here.api_key, what)
    return found


def forget() -> None:
    """Forget every answer that is kept."""
    kept().clear()


def notice(model: dict[str, Any]) -> None:
    """Forget what was kept where an answer comes from another model."""
    if model["sha256"] != model_info()["model"]["sha256"]:
        forget()
