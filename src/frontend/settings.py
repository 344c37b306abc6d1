""".streamlit/secrets.toml, or LASTRO_ENDPOINT, LASTRO_API_KEY, LASTRO_LOGIN -> where the API is, and who asks it"""

import os
from dataclasses import dataclass, field

import streamlit as st
from streamlit.errors import StreamlitSecretNotFoundError

from src.frontend.errors import NotConfiguredError

NO = ("", "false", "0", "no", "off")  # whatever else is said of `login` means that nobody uses the page without one


@dataclass(frozen=True)
class Settings:
    """Where the API answers, and this page's key; or whether each visitor logs in instead."""

    endpoint: str
    api_key: str = field(repr=False)
    login: bool = False


def settings() -> Settings:
    """Return the environment's word, else the secrets file's; raises NotConfiguredError where neither has one."""
    login = (os.environ.get("LASTRO_LOGIN") or secret("login")).lower() not in NO
    found = {"endpoint": os.environ.get("LASTRO_ENDPOINT") or secret("endpoint")}
    if not login:
        found["api_key"] = os.environ.get("LASTRO_API_KEY") or secret("api_key")
    if missing := [name for name, value in found.items() if not value]:
        raise NotConfiguredError(missing)
    return Settings(found["endpoint"].rstrip("/"), found.get("api_key", ""), login)


def secret(name: str) -> str:
    """Return a value of the secrets file; empty where there is no such file or it has none."""
    try:
        return str(st.secrets.get(name, ""))
    except StreamlitSecretNotFoundError:
        return ""
