"""a folder that is set up like a clone of the project, on free ports, with its state in pytest's temporary folder"""

import os
import shutil
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from ops import configure, lifecycle, minio
from ops.deployment import PORTS, ROOT, Deployment, load
from tests.ports import free_ports

TESTED = ("AWS_", "LASTRO_", "MLFLOW_", "MINIO_")


@pytest.fixture(autouse=True)
def _own_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep the variables of the developer's own deployment out, and use the environment that runs the tests."""
    for name in (name for name in list(os.environ) if name.startswith(TESTED) or name in PORTS):
        monkeypatch.delenv(name)
    monkeypatch.setenv("VENV", sys.prefix)


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    """What set-up reads of a clone."""
    root = tmp_path / "clone"
    for folder in (".dvc", ".streamlit"):
        (root / folder).mkdir(parents=True)
    for name in (".env.example", ".dvc/config", ".streamlit/secrets.toml.example", "activate"):
        shutil.copy(ROOT / name, root / name)
    return root


@pytest.fixture
def deploy(clone: Path) -> Iterator[Callable[..., Deployment]]:
    """Configure the clone on free ports, again with other variables where wanted; ends what it left running."""

    def configured(**variables: str) -> Deployment:
        ports = {} if (clone / ".env").exists() else dict(zip(PORTS, map(str, free_ports(len(PORTS))), strict=True))
        configure.write(clone, {**ports, **variables})
        return load(clone)

    yield configured
    if (clone / ".env").exists():
        lifecycle.stop(load(clone))


@pytest.fixture
def server_program() -> Path:
    """The real MinIO."""
    return minio.find_or_build()
