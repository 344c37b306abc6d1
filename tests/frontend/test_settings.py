from pathlib import Path

import pytest
import streamlit as st

from src.frontend.errors import NotConfiguredError
from src.frontend.settings import Settings, settings


@pytest.fixture(autouse=True)
def _no_secrets_kept() -> None:
    """Streamlit reads its file once; each test has its own."""
    st.secrets._reset()


def write(folder: Path, text: str) -> None:
    (folder / ".streamlit").mkdir()
    (folder / ".streamlit" / "secrets.toml").write_text(text)


def test_secrets_file_is_enough(tmp_path: Path) -> None:
    write(tmp_path, 'endpoint = "http://127.0.0.1:8000/"\napi_key = "k"\n')
    assert settings() == Settings("http://127.0.0.1:8000", "k")


def test_environment_is_enough_where_no_file_is(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LASTRO_ENDPOINT", "http://api:8000")
    monkeypatch.setenv("LASTRO_API_KEY", "k")
    assert settings() == Settings("http://api:8000", "k")


def test_environment_wins_over_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(tmp_path, 'endpoint = "http://file"\napi_key = "file"\n')
    monkeypatch.setenv("LASTRO_ENDPOINT", "http://environment")
    assert settings() == Settings("http://environment", "file")


@pytest.mark.parametrize("text", [None, "", "this is no TOML", 'api_key = ""\n'])
def test_neither_is_an_error_that_names_what_is_missing(tmp_path: Path, text: str | None) -> None:
    if text is not None:
        write(tmp_path, text)
    with pytest.raises(NotConfiguredError) as raised:
        settings()
    assert raised.value.missing == ["endpoint", "api_key"]


def test_key_is_never_shown() -> None:
    assert "secret" not in repr(Settings("http://api", "secret"))


@pytest.mark.parametrize(("said", "asks"), [("true", True), ("false", False), ('"yes"', True), ('"no"', False)])
def test_login_needs_no_key_and_uses_none(tmp_path: Path, said: str, asks: bool) -> None:
    write(tmp_path, f'endpoint = "http://api"\napi_key = "k"\nlogin = {said}\n')
    assert settings() == Settings("http://api", "" if asks else "k", asks)


def test_environment_says_whether_the_page_asks_for_a_login(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(tmp_path, 'endpoint = "http://api"\napi_key = "k"\n')
    monkeypatch.setenv("LASTRO_LOGIN", "true")
    assert settings() == Settings("http://api", "", True)
