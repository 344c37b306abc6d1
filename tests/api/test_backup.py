"""docs/operations.md's backup and restore: a log that is written to meanwhile comes back whole, in either database"""

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from starlette.testclient import TestClient

from tests.api.live import HEADERS, Server
from tests.documents import HEREDOC, blocks
from tests.postgresql import Postgres

SECRETS = (".env", ".streamlit/secrets.toml", ".dvc/config.local")
STOP, START = "make stop\n", "make start\n"


def block(word: str) -> str:
    """The runbook's one block with this word, without the services' stop and start, which are this test's."""
    (found,) = [each.text for each in blocks("docs/operations.md", "sh") if word in each.text]
    stopped = found.startswith(STOP)
    assert found.endswith(START) is stopped
    return found.removeprefix(STOP).removesuffix(START)


@pytest.fixture
def run(tmp_path: Path) -> Callable[..., subprocess.Popen[bytes]]:
    """Begins a block of the runbook in the folder of the project."""
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    prepare = block("umask")

    def begin(word: str, **env: str) -> subprocess.Popen[bytes]:
        variables = os.environ | {"PATH": path, "BACKUP": str(tmp_path / "backup")} | env
        return subprocess.Popen(["sh", "-euc", prepare + block(word)], cwd=tmp_path, env=variables)

    return begin


@pytest.fixture
def server(tmp_path: Path, models: Path) -> Iterator[Server]:
    """The service, its state where `make run` has it."""
    (tmp_path / "var").mkdir()
    for name in SECRETS:
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("secret")
    found = Server(tmp_path / "var", models).start()
    yield found
    found.stop()


def predicted(server: Server, applicant: dict[str, Any]) -> str:
    answer = httpx.post(f"{server.url}/predict", json=applicant, headers=HEADERS).raise_for_status()
    return str(answer.json()["prediction_id"])


def found(server: Server, *ids: str) -> list[bool]:
    """Whether each prediction is in the log."""
    return [httpx.get(f"{server.url}/predictions/{each}", headers=HEADERS).status_code == 200 for each in ids]


def test_log_and_state_come_back(
    run: Callable[..., subprocess.Popen[bytes]], server: Server, applicant: dict[str, Any], tmp_path: Path
) -> None:
    first, copying = predicted(server, applicant), run(".backup(")
    while copying.poll() is None:
        predicted(server, applicant)
    assert copying.returncode == 0
    later = predicted(server, applicant)
    server.stop()
    assert run("tar -czf").wait() == 0
    assert {path.stat().st_mode & 0o077 for path in (tmp_path / "backup").iterdir()} == {0}

    assert run("journal.db*").wait() == 0
    server.start()
    assert found(server, first, later, predicted(server, applicant)) == [True, False, True]
    server.stop()

    (tmp_path / ".env").write_text("lost")
    assert run("tar -xzf").wait() == 0
    server.start()
    assert found(server, first, later, predicted(server, applicant)) == [True, True, True]
    assert [(tmp_path / name).read_text() for name in SECRETS] == ["secret"] * len(SECRETS)


def test_log_in_postgresql_comes_back(
    run: Callable[..., subprocess.Popen[bytes]],
    client_with: Callable[..., TestClient],
    applicant: dict[str, Any],
    postgres: Postgres,
) -> None:
    client = client_with(database_url=postgres.url)

    def ask() -> str:
        return str(client.post("/predict", json=applicant, headers=HEADERS).json()["prediction_id"])

    first = ask()
    assert run("pg_dump", LASTRO_DATABASE_URL=postgres.url).wait() == 0
    later = ask()
    assert run("pg_restore", LASTRO_DATABASE_URL=postgres.url).wait() == 0
    found = [client.get(f"/predictions/{each}", headers=HEADERS).status_code for each in (first, later, ask())]
    assert found == [200, 404, 200]


def test_blocks_of_the_runbook_are_told_apart_by_their_words() -> None:
    assert HEREDOC.search(block(".backup("))
