"""Every service's secrets are its own, random, made once, and fit together."""

import hashlib
import json
import os
from pathlib import Path

import pytest

from ops import credentials
from src.api.settings import Settings
from src.lineage.minio_keys import read_key

USER = f"ana:2.1.1.{'0' * 32}.{'1' * 64}:read"

HOOK = "https://hooks.example.org/services/T0/B0/secret"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The volumes, mounted here; this user stands for every service's."""
    for name in ("master", *credentials.OWNERS):
        (tmp_path / name).mkdir()
    monkeypatch.setattr(credentials, "FOLDER", tmp_path)
    monkeypatch.setattr(credentials, "OWNERS", dict.fromkeys(credentials.OWNERS, os.getuid()))
    monkeypatch.setattr("sys.argv", ["credentials"])
    return tmp_path


def texts(folder: Path) -> dict[str, str]:
    return {str(path.relative_to(folder)): path.read_text() for path in folder.rglob("*") if path.is_file()}


def test_second_start_changes_nothing(folder: Path) -> None:
    credentials.main()
    before = texts(folder)
    credentials.main()
    assert texts(folder) == before
    assert {path.stat().st_mode & 0o777 for path in folder.rglob("*") if path.is_file()} == {0o600}


def test_two_deployments_share_no_secret(folder: Path) -> None:
    one, other = (credentials.master(folder / name).values() for name in ("one", "other"))
    assert not set(one) & set(other)
    assert min(map(len, one)) >= 20


def test_secret_that_a_newer_version_needs_is_added(folder: Path) -> None:
    (folder / "master" / "secrets.json").write_text(json.dumps({"page": "kept"}))
    values = credentials.master(folder / "master" / "secrets.json")
    assert values["page"] == "kept"
    assert values["database"]


def test_services_fit_together(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LASTRO_API_KEYS", f"local:{'0' * 64},page:{'1' * 64}")
    monkeypatch.setenv("LASTRO_USERS", USER)
    monkeypatch.setenv("LASTRO_SLACK_WEBHOOK_URL", HOOK)
    monkeypatch.setenv("LASTRO_TOKEN_KEYS", f"mine:{'k' * 32}")
    credentials.main()
    found = texts(folder)
    assert read_key(folder / "pipeline/credentials") == (found["store/user"], found["store/password"])
    assert read_key(folder / "pipeline/delivery") == read_key(folder / "delivery/credentials")
    assert read_key(folder / "pipeline/mlflow") == read_key(folder / "mlflow/credentials")
    assert f":{found['database/password']}@" in found["api/LASTRO_DATABASE_URL"]
    assert found["monitor/LASTRO_DATABASE_URL"] == found["api/LASTRO_DATABASE_URL"]
    assert found["features/LASTRO_FEATURES_URL"] == found["api/LASTRO_FEATURES_URL"] == found["api/LASTRO_DATABASE_URL"]
    assert found["features/credentials"] == found["delivery/credentials"]
    told = {"monitor/LASTRO_SLACK_WEBHOOK_URL", "alertmanager/LASTRO_SLACK_WEBHOOK_URL"}
    assert {name for name, text in found.items() if text == HOOK} == told
    keys = dict(entry.split(":", 1) for entry in found["api/LASTRO_API_KEYS"].split(","))
    prometheus = hashlib.sha256(found["prometheus/LASTRO_API_KEY"].encode()).hexdigest()
    assert keys["prometheus"] == f"{prometheus}:read"
    assert keys["page"] == hashlib.sha256(found["page/LASTRO_API_KEY"].encode()).hexdigest()
    assert keys["local"] == "0" * 64
    assert {found["api/LASTRO_API_KEYS"].count(f"{name}:") for name in keys} == {1}  # the API refuses a second one
    given = {name: found[f"api/LASTRO_{name.upper()}"] for name in ("api_keys", "users", "token_keys")}
    read = Settings(_env_file=None, **given)
    assert (list(read.users), next(iter(read.token_keys))) == (["ana"], "mine")  # theirs signs, ours is there


def test_users_key_is_printed_and_accepted(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    credentials.main()
    monkeypatch.setattr("sys.argv", ["credentials", "key"])
    credentials.main()
    digest = hashlib.sha256(capsys.readouterr().out.strip().encode()).hexdigest()
    assert f"user:{digest}" in texts(folder)["api/LASTRO_API_KEYS"]


def test_airflows_password_is_printed_and_its_own(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    credentials.main()
    monkeypatch.setattr("sys.argv", ["credentials", "airflow"])
    credentials.main()
    password = capsys.readouterr().out.strip()
    assert [name for name, text in texts(folder).items() if text == password] == ["airflow/LASTRO_AIRFLOW_PASSWORD"]


def test_only_the_store_and_who_writes_into_it_hold_its_key(folder: Path) -> None:
    credentials.main()
    found = texts(folder)
    secret = found["store/password"]
    holders = {name.partition("/")[0] for name, text in found.items() if secret in text}
    assert holders == {"master", "store", "pipeline", "lake", "airflow"}
