""".streamlit/secrets.toml, or LASTRO_ENDPOINT and LASTRO_API_KEY -> where the API is and the key to show it"""

import os
from dataclasses import dataclass, field

import streamlit as st
from streamlit.errors import StreamlitSecretNotFoundError

from src.frontend.errors import NotConfiguredError


@dataclass(frozen=True)
class Settings:
    """Where the API answers, and this page's key."""

    endpoint: str
    api_key: str = field(repr=False)


def settings() -> Settings:
    """Return the environment's word, else the secrets file's; raises NotConfiguredError where neither has one."""
    found = {
        "endpoint": os.environ.get("LASTRO_ENDPOINT") or secret("endpoint"),
        "api_key": os.environ.get("LASTRO_API_KEY") or secret("api_key"),
    }
    if missing := [name for name, value in found.items() if not value]:
        raise NotConfiguredError(missing)
    return Settings(found["endpoint"].rstrip("/"), found["api_key"])


def secret(name: str) -> str:
    """Return a value of the secrets file; empty where there is no such file or it has none."""
    try:
        return str(st.secrets.get(name, ""))
    except StreamlitSecretNotFoundError:
        return ""
