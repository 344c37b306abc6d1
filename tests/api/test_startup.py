"""What keeps the service from starting is a sentence, never a traceback, and the server ends"""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from src.api.main import create_app
from src.api.settings import Settings
from src.errors import LastroError
from tests.api.live import DIGESTS, LOGIN, Server
from tests.conftest import ROOT

SENTENCES = {  # variables -> what is said of them
    "no limit": ({"LASTRO_RATE_LIMIT": "many", "LASTRO_BODY_TIMEOUT": "0"}, ["LASTRO_RATE_", "LASTRO_BODY_TIMEOUT: "]),
    "no key": ({"LASTRO_API_KEYS": ""}, ["LASTRO_API_KEYS: no key: make one with "]),
    "no token key": ({"LASTRO_USERS": LOGIN["users"]}, ["LASTRO_TOKEN_KEYS: users need a key that signs their tokens"]),
    "no user": (
        {"LASTRO_USERS": "ana:secret", "LASTRO_TOKEN_KEYS": "kid:secret"},
        [
            "LASTRO_USERS: entry 1 is not `name:n.r.p.salt.hash",
            "LASTRO_TOKEN_KEYS: entry 1: a token's key has at least 32",
        ],
    ),
    "no model": ({"LASTRO_MODELS": "/nowhere"}, ["/nowhere/model.json: "]),
    "no file": ({"LASTRO_MODELS": "/dev/null"}, ["/dev/null/model.json: "]),
    "no address": ({"LASTRO_DATABASE_URL": "somewhere:secret"}, ["LASTRO_DATABASE_URL: is no address "]),
    "no counters": ({"LASTRO_LIMIT_STORAGE": "paper://:secret@shelf"}, ["LASTRO_LIMIT_STORAGE: no storage "]),
    "no port": ({"LASTRO_LIMIT_STORAGE": "redis://:secret@shelf:one"}, ["LASTRO_LIMIT_STORAGE: no storage "]),
    "no database": ({"LASTRO_DATABASE_URL": "postgresql://lastro:secret@127.0.0.1:1/lastro"}, ["the prediction log: "]),
}


LIVE = ("no limit", "no file", "no database")  # what is wrong in settings, in files and of another server


@pytest.fixture
def launched(tmp_path: Path, models: Path) -> Callable[..., Server]:
    """Lets a server end by itself."""

    def launch(workers: int, env: dict[str, str]) -> Server:
        server = Server(tmp_path, models, workers=workers, env=env)
        server.launch().wait(60)
        return server

    return launch


@pytest.mark.parametrize("name", [name for name in SENTENCES if name not in LIVE])
def test_what_is_wrong_is_a_sentence_without_secrets(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, models: Path, name: str
) -> None:
    env, said = SENTENCES[name]
    own = {"LASTRO_API_KEYS": DIGESTS, "LASTRO_STATE": str(tmp_path), "LASTRO_MODELS": str(models)}
    for variable, value in (own | env).items():
        monkeypatch.setenv(variable, value)
    monkeypatch.setitem(Settings.model_config, "env_file", None)  # where `make run` was, a .env holds keys
    with pytest.raises(LastroError) as raised, TestClient(create_app()):
        pass
    assert [sentence for sentence in said if sentence not in str(raised.value)] == []
    assert "secret" not in str(raised.value)


@pytest.mark.parametrize("name", LIVE)
def test_server_ends_with_the_sentence_and_an_exit_code(launched: Callable[..., Server], name: str) -> None:
    env, said = SENTENCES[name]
    server = launched(1, env)
    assert server.process is not None
    assert server.process.returncode != 0
    assert [sentence for sentence in said if sentence not in server.log] == []
    assert "Traceback" not in server.log
    assert "secret" not in server.log


def test_two_workers_that_cannot_start_do_not_try_for_ever(launched: Callable[..., Server]) -> None:
    log = launched(2, {"LASTRO_MODELS": "/nowhere"}).log
    assert "/nowhere/model.json: " in log
    assert "Traceback" not in log


def test_program_that_asks_for_the_service_gets_the_error(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("LASTRO_API_KEYS", DIGESTS)
    for name in ("MODELS", "STATE", "SERVING"):  # whatever `make run` has delivered in this folder
        monkeypatch.setenv(f"LASTRO_{name}", str(tmp_path))
    with pytest.raises(LastroError, match=r"model\.json"), TestClient(create_app()):
        pass


LOADED = """
import sys
from src.api.main import create_app
from src.api.settings import Settings

create_app(Settings(_env_file=None))
print(*sorted({"jwt", "cryptography", "psycopg", "alembic", "redis", "structlog", "rich"} & {*sys.modules}))
"""


def test_start_loads_no_library_that_only_other_deployments_use(tmp_path: Path, models: Path) -> None:
    own = {"LASTRO_API_KEYS": DIGESTS, "LASTRO_STATE": str(tmp_path), "LASTRO_MODELS": str(models)}
    for env, loaded in (({}, ""), ({f"LASTRO_{name}".upper(): value for name, value in LOGIN.items()}, "jwt")):
        done = subprocess.run(
            [sys.executable, "-c", LOADED], cwd=ROOT, env=own | env, capture_output=True, text=True, check=False
        )
        assert (done.returncode, done.stderr) == (0, "")
        assert done.stdout.split()[-1:] == ([loaded] if loaded else [])
