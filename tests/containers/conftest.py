"""A Docker engine, as DOCKER_HOST and `docker` on PATH have it; `make test-containers` alone runs what is here"""

import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import ROOT, fresh_copy

HERE = Path(__file__).parent
HOUR = 3600


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark the tests of this folder: pyproject.toml leaves them out where they are not asked for."""
    for item in items:
        if HERE in item.path.parents:
            item.add_marker(pytest.mark.containers)
            item.add_marker(pytest.mark.timeout(HOUR))


@dataclass(frozen=True)
class Engine:
    """The engine, used by a developer: this user, or in place of root an ordinary one with a home of its own."""

    home: Path
    who: dict[str, Any] = field(default_factory=dict)

    def run(self, *command: str, cwd: Path = ROOT, check: bool = True, **env: str) -> subprocess.CompletedProcess[str]:
        """Run a command; stdout and stderr come back apart, for the tools print JSON to the one and news to the other.

        Variables of this project's deployments are kept out: a copy has a deployment of its own.
        """
        ours = ("LASTRO_", "MLFLOW_", "AWS_", "MINIO_")
        kept = {name: value for name, value in os.environ.items() if not name.startswith(ours) and name != "VENV"}
        user = {"HOME": str(self.home), "TMPDIR": str(self.home), "DOCKER_CONFIG": str(self.home)} if self.who else {}
        done = subprocess.run(
            command, cwd=cwd, env=kept | user | env, capture_output=True, text=True, check=False, **self.who
        )  # type: ignore[call-overload]
        if check and done.returncode:
            pytest.fail(f"{' '.join(command)} returned {done.returncode}:\n{done.stdout}\n{done.stderr}")
        return done

    def docker(self, *arguments: str) -> str:
        """Return what `docker` prints."""
        return self.run("docker", *arguments).stdout.strip()

    def left(self, project: str) -> list[str]:
        """Return the containers, volumes and networks of a compose project."""
        label = f"label=com.docker.compose.project={project}"
        kinds = (("ps", "--all"), ("volume", "ls"), ("network", "ls"))
        return [name for kind in kinds for name in self.docker(*kind, "--quiet", "--filter", label).split()]

    def copy(self, to: Path) -> Path:
        """Return a copy of the project's files that belongs to the developer."""
        root = fresh_copy(to).root
        if self.who:
            for path in (root, *root.rglob("*")):
                os.chown(path, self.who["user"], self.who["group"], follow_symlinks=False)
        return root


@pytest.fixture(scope="session")
def engine() -> Iterator[Engine]:
    """The engine of this machine; without one no test here can say anything, and the run ends with a sentence."""
    if shutil.which("docker") is None:
        pytest.exit("These tests need Docker: there is no `docker` on PATH.", returncode=1)
    said = subprocess.run(["docker", "version", "--format", "{{.Server.Version}}"], capture_output=True, text=True)
    if said.returncode:
        where = os.environ.get("DOCKER_HOST", "the default socket")
        pytest.exit(f"These tests need a Docker engine, and none answers on {where}: {said.stderr.strip()}", 1)
    home = Path(tempfile.mkdtemp(prefix="lastro-home-"))
    yield Engine(home, ordinary(home) if os.geteuid() == 0 else {})
    shutil.rmtree(home, ignore_errors=True)


def ordinary(home: Path) -> dict[str, Any]:
    """Make this the home of an ordinary user who may use the engine, with root's plugins; return who that is.

    It is one of this machine's, for the dev container CLI wants a name, and best one whose uid no image knows.
    """
    socket = Path(os.environ.get("DOCKER_HOST", "unix:///var/run/docker.sock").removeprefix("unix://"))
    configuration = Path(os.environ.get("DOCKER_CONFIG") or Path.home() / ".docker")
    (home / "cli-plugins").symlink_to(configuration / "cli-plugins")
    people = [one for one in pwd.getpwall() if 100 <= one.pw_uid < 60000 and one.pw_gid >= 100]
    one = max(people, key=lambda one: (one.pw_uid not in {999, 1000}, one.pw_uid))
    os.chown(home, one.pw_uid, one.pw_gid)
    return {"user": one.pw_uid, "group": one.pw_gid, "extra_groups": [socket.stat().st_gid]}


@pytest.fixture(scope="module")
def folder() -> Iterator[Path]:
    """A folder for a copy of the project, outside of pytest's own, which root alone may read."""
    made = Path(tempfile.mkdtemp(prefix="lastro-"))
    made.chmod(0o755)
    yield made
    shutil.rmtree(made, ignore_errors=True)
