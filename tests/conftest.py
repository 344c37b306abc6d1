"""What several rooms of tests share: a copy of the project to run the real commands in"""

import fcntl
import functools
import os
import shutil
import signal
import ssl
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pytest
import yaml

from src.lineage.mlflow_backend import opened
from src.lineage.settings import Settings

pytest_plugins = ["tests.servers", "tests.collection"]
os.environ.setdefault("OMP_NUM_THREADS", "1")  # set before scikit-learn is there: in small fits threads only wait
# MLflow asks its makers something when it is imported, in a thread that can wait for a test for ever; a test that
# clears MLFLOW_… from the environment would let it
os.environ.setdefault("DO_NOT_TRACK", "true")
# a shell that starts the tests in its background lets them, and what they start and interrupt, ignore Ctrl-C
signal.signal(signal.SIGINT, signal.default_int_handler)
ssl.create_default_context = functools.cache(ssl.create_default_context)  # 20 ms a client

ROOT = Path(__file__).resolve().parents[1]
OURS = ("LASTRO_", "MLFLOW_", "AWS_", "DVC_", "MINIO_", "MAKE", "MPLBACKEND")

# odd on purpose: what must not change a byte of what DVC tracks
ELSEWHERE = {
    "PYTHONHASHSEED": "4242",
    "TZ": "Pacific/Auckland",
    "LC_ALL": "C",
    "OMP_NUM_THREADS": "2",
    "OPENBLAS_NUM_THREADS": "2",
    "OPENBLAS_CORETYPE": "Prescott",
    "NPY_DISABLE_CPU_FEATURES": "X86_V4",
}


@dataclass(frozen=True)
class Project:
    """A copy of the project with a Git history of its own."""

    root: Path
    env: dict[str, str] = field(default_factory=dict)

    def run(self, *command: str, check: bool = True, **env: str) -> subprocess.CompletedProcess[str]:
        """Run a command of the environment in the copy; stdout and stderr come back as one text."""
        kept = {name: value for name, value in os.environ.items() if not name.startswith(OURS)}
        path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
        done = subprocess.run(
            command,
            cwd=self.root,
            env=kept | {"PATH": path, "DVC_NO_ANALYTICS": "1"} | self.env | env,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        if check and done.returncode != 0:
            pytest.fail(f"{' '.join(command)} returned {done.returncode}:\n{done.stdout}")
        return done

    def read(self, path: str) -> str:
        """Return a file's text."""
        return (self.root / path).read_text(encoding="utf-8")

    def edit(self, path: str, change: Callable[[dict], object]) -> None:
        """Change a YAML file by a function on its content."""
        content = yaml.safe_load(self.read(path))
        change(content)
        (self.root / path).write_text(yaml.safe_dump(content, sort_keys=False, allow_unicode=True), encoding="utf-8")

    def copy(self, to: Path, **env: str) -> "Project":
        """Return a copy of the whole folder, outputs and DVC's cache included."""
        shutil.copytree(self.root, to, symlinks=True)
        return Project(to, env)


def project_files() -> Sequence[str]:
    """What Git tracks or would track: a developer's uncommitted changes are tested too."""
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"],
        cwd=ROOT,
        capture_output=True,
        check=True,
    )
    return [name for name in listed.stdout.decode().split("\0") if name and (ROOT / name).is_file()]


def fresh_copy(to: Path, **env: str) -> Project:
    """Return a new copy of the project's files, committed, with nothing of DVC's outputs."""
    for name in project_files():
        (to / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(ROOT / name, to / name)
    project = Project(to, env)
    for command in ("init -q -b main", "add -A", "-c user.name=t -c user.email=t@example.org commit -qm copy"):
        project.run("git", *command.split())
    return project


def light(params: dict) -> None:
    """Make the pipeline quick: fewer folds, trees and resamples, the same stages and candidates."""
    params["train"] |= {"folds": 2, "repeats": 1}
    params["train"]["candidates"]["forest"]["trees"] = 20
    params["train"]["candidates"]["boosting"]["iterations"] = 20
    params["train"]["candidates"]["additive"]["iterations"] = 20
    params["evaluate"] |= {"bootstrap": 100, "permutations": 1}


@pytest.fixture
def project(tmp_path: Path) -> Project:
    """A fresh copy of the project, nothing run in it."""
    return fresh_copy(tmp_path / "project")


@pytest.fixture(scope="session")
def empty_database(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """MLflow's database as it is made, to be copied: making it takes seconds."""

    def make(folder: Path) -> None:
        with opened(Settings(state=folder, tracking_uri=f"sqlite:///{folder / 'mlflow.db'}")):
            pass

    return made_once(tmp_path_factory, "mlflow", make).root / "mlflow.db"


def put_database(empty: Path, state: Path) -> Path:
    """Copy MLflow's database to where a deployment with this state has it."""
    own = state / "mlflow" / "mlflow.db"
    own.parent.mkdir(parents=True)
    return Path(shutil.copy(empty, own))


@pytest.fixture(scope="session")
def light_run(empty_database: Path, tmp_path_factory: pytest.TempPathFactory) -> Project:
    """A copy in which the whole pipeline ran with light parameters. Copy it before you change it.

    The workers of one session share it: whoever comes first makes it.
    """

    def make(folder: Path) -> None:
        project = fresh_copy(folder)
        project.edit("params.yaml", light)
        put_database(empty_database, folder / "var")
        project.run("dvc", "repro")

    return made_once(tmp_path_factory, "light", make)


@pytest.fixture(scope="session")
def everything(light_run: Project, tmp_path_factory: pytest.TempPathFactory) -> Project:
    """A copy in which the pipeline ran on a table with everything awkward, as it was drafted. Copy it, too."""
    from tests.everything import drafted

    return made_once(tmp_path_factory, "everything", lambda folder: drafted(light_run.copy(folder)))


def made_once(tmp_path_factory: pytest.TempPathFactory, name: str, make: Callable[[Path], object]) -> Project:
    """Return the project that `make` makes in a folder, which the workers of one session share."""
    base = tmp_path_factory.getbasetemp()
    folder = (base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / name
    folder.mkdir(exist_ok=True)
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (folder / "made").exists():
            shutil.rmtree(folder / "project", ignore_errors=True)
            make(folder / "project")
            (folder / "made").touch()
    return Project(folder / "project")
