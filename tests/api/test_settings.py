"""The environment is read strictly, and its secrets are not shown"""

import os
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from ops.deployment import parse
from src.api.settings import Settings
from tests.api.live import LOGIN, TOKEN_KEYS, USERS, cheap
from tests.conftest import ROOT

DIGEST = sha256(b"key").hexdigest()


@pytest.fixture(autouse=True)
def _clean(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.startswith(("LASTRO_", "PROMETHEUS_"))]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("LASTRO_API_KEYS", f"web:{DIGEST}")


def settings(**values: Any) -> Settings:
    return Settings(_env_file=None, **values)


def test_only_the_keys_must_be_given(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    found = settings()
    assert {name: key.digest.hex() for name, key in found.api_keys.items()} == {"web": DIGEST}
    assert (found.users, found.token_keys, found.token_minutes) == ({}, {}, 15)
    assert (found.rate_limit, found.failed_key_limit) == ("600/minute", "30/minute")
    assert (found.state, found.models) == (ROOT / "var", ROOT / "models")  # wherever the process runs
    assert found.journal_url == f"sqlite:///{ROOT}/var/api/journal.db"


@pytest.mark.parametrize("given", [None, "", ","])
def test_service_without_a_key_says_how_to_make_one(monkeypatch: pytest.MonkeyPatch, given: str | None) -> None:
    monkeypatch.delenv("LASTRO_API_KEYS")
    if given is not None:
        monkeypatch.setenv("LASTRO_API_KEYS", given)
    with pytest.raises(ValidationError, match=r"api_keys\n.*make one with `python -m src.api.security new NAME`"):
        settings()


def test_several_keys_and_lists_are_split_at_commas(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LASTRO_API_KEYS", f"web:{DIGEST}, batch:{DIGEST.upper()},")
    monkeypatch.setenv("LASTRO_CORS_ORIGINS", "https://a.example, https://b.example")
    found = settings()
    assert [key.digest.hex() for key in found.api_keys.values()] == [DIGEST, DIGEST]
    assert found.cors_origins == ("https://a.example", "https://b.example")


def test_empty_lines_of_env_mean_the_default(tmp_path: Path) -> None:
    env = tmp_path / ".env"
    env.write_text("LASTRO_DATABASE_URL=\nLASTRO_TRUSTED_PROXIES=\nLASTRO_CORS_ORIGINS=\nMINIO_PORT=9000\n")
    found = Settings(_env_file=env)
    assert found.journal_url.startswith(f"sqlite:///{ROOT}/var/")
    assert (found.trusted_proxies, found.cors_origins) == ((), ())


@pytest.mark.parametrize(
    ("name", "value"),
    [("LASTRO_RATE_LIMIT", "many"), ("LASTRO_FAILED_KEY_LIMIT", "30"), ("LASTRO_TRUSTED_PROXIES", "proxy.example"),
     ("LASTRO_BODY_TIMEOUT", "0"), ("LASTRO_MAX_BODY_BYTES", "-1"), ("LASTRO_LOG_LEVEL", "LOUD"),
     ("LASTRO_METRICS_OPEN", "perhaps"), ("LASTRO_TOKEN_MINUTES", "0"), ("LASTRO_TOKEN_MINUTES", "99999"),
     ("LASTRO_DATABASE_TIMEOUT", "0"), ("LASTRO_DATABASE_URL", "mysql://db/x")],
)  # fmt: skip
def test_value_that_makes_no_sense_stops_the_start(monkeypatch: pytest.MonkeyPatch, name: str, value: str) -> None:
    monkeypatch.setenv(name, value)
    with pytest.raises(ValueError, match=r"(?i)validation error|limit|network"):
        settings()


def test_addresses_with_passwords_are_not_shown() -> None:
    found = settings(database_url="postgresql://lastro:secret@db/lastro", limit_storage="redis://:secret@cache:6379")
    assert "secret" not in repr(found)
    assert found.journal_url.endswith("secret@db/lastro")


def test_users_and_what_signs_their_tokens_are_not_shown() -> None:
    found = settings(**LOGIN)
    assert list(found.users) == list(USERS)
    assert found.token_keys == TOKEN_KEYS
    assert not [secret for secret in (*TOKEN_KEYS.values(), cheap(USERS["ana"])[-64:]) if secret in repr(found)]
    assert repr(found.users["ana"].password.digest) not in repr(found)


def test_shared_metrics_are_named_by_the_clients_own_variable(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PROMETHEUS_MULTIPROC_DIR", str(tmp_path))
    assert settings().multiprocess_metrics == tmp_path


def test_example_of_the_environment_holds_every_default() -> None:
    example = parse(ROOT / ".env.example")
    absent = {name for name in Settings.model_fields if f"LASTRO_{name}".upper() not in example}
    assert absent == {
        "git_commit",
        "models",
        "multiprocess_metrics",
        "serving",
    }  # set-up or the image names them
    documented, defaults = Settings(_env_file=ROOT / ".env.example"), settings()
    for name in Settings.model_fields:
        assert (getattr(documented, name) or None) == (getattr(defaults, name) or None), name
