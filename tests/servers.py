"""Debian's PostgreSQL, Redis, nginx, Caddy, Prometheus and C compiler, for whichever room of tests wants them"""

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.ports import free_port, listens, wait_until
from tests.postgresql import Postgres

PROGRAMS = {  # fixture -> what Debian's package brings
    "redis": "redis-server",
    "nginx": "/usr/sbin/nginx",
    "caddy": "caddy",
    "postgres": "/usr/lib/postgresql",
    "compiler": "cc",
    "promtool": "promtool",
    "prometheus": "prometheus-alertmanager",
}


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out, outside of CI, what needs a server that is not installed; `make test` has named its package."""
    absent = {name for name, program in PROGRAMS.items() if not (shutil.which(program) or Path(program).exists())}
    if os.environ.get("CI") or not absent:
        return
    left_out = [item for item in items if absent & needs(item)]
    config.hook.pytest_deselected(items=left_out)
    items[:] = [item for item in items if item not in left_out]


def needs(item: pytest.Item) -> set[str]:
    """The fixtures of a test, and the database that it is parametrized by."""
    params = item.callspec.params.values() if hasattr(item, "callspec") else ()
    return {*getattr(item, "fixturenames", ()), *("postgres" for param in params if param == "postgresql")}


@pytest.fixture(scope="session")
def compiler() -> str:
    """The C compiler."""
    return os.environ.get("CC") or PROGRAMS["compiler"]


@pytest.fixture(scope="session")
def redis() -> Iterator[str]:
    """The address of a real Redis."""
    port = free_port()
    command = ["redis-server", "--port", str(port), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no"]
    with tempfile.TemporaryDirectory() as folder:
        process = subprocess.Popen(command, cwd=folder, stdout=subprocess.DEVNULL)
        wait_until(lambda: listens(port))
        yield f"redis://127.0.0.1:{port}"
        process.terminate()
        process.wait(10)


@pytest.fixture(scope="session")
def nginx() -> str:
    """The proxy's program, which is not on every user's PATH."""
    return PROGRAMS["nginx"]


@pytest.fixture(scope="session")
def caddy() -> str:
    """The proxy that makes its own certificates."""
    return PROGRAMS["caddy"]


@pytest.fixture(scope="session")
def promtool() -> str:
    """What checks and tries Prometheus's rules."""
    return PROGRAMS["promtool"]


@pytest.fixture(scope="session")
def prometheus() -> tuple[str, str]:
    """Prometheus and Alertmanager."""
    return "prometheus", PROGRAMS["prometheus"]


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    """PostgreSQL refuses to run as root; Debian's package brings the user that it runs as."""
    (binaries,) = sorted(Path("/usr/lib/postgresql").glob("*/bin"))[-1:]
    user = "postgres" if os.geteuid() == 0 else None
    folder = Path(tempfile.mkdtemp(prefix="lastro-postgres-"))
    if user:
        shutil.chown(folder, user)
    server = Postgres(folder, binaries, free_port(), user)
    server.run("initdb", "-D", str(folder / "data"), "-U", "lastro", "-A", "trust", "--no-sync")
    server.start()
    yield server
    server.stop()
    shutil.rmtree(folder)
