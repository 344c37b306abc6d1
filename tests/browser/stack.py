"""a pipeline's run -> its model through a real MinIO and MLflow, and the page in front of a live API"""

import contextlib
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path

import httpx

from src.lineage.storage import remote
from tests.api.live import KEYS, Server
from tests.conftest import ROOT, Project
from tests.lineage.conftest import Minio, commit, point
from tests.ports import free_port, wait_until

MODEL = ("models/model.pkl", "models/trees.npz", "models/codes.json")


@dataclass
class Site:
    """A live Streamlit that asks the API at `endpoint`, by its key or after a login."""

    folder: Path
    endpoint: str
    key: str = KEYS["web"]
    login: bool = False
    port: int = field(default_factory=free_port)
    process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def access(self) -> dict[str, str]:
        return {"LASTRO_LOGIN": "true"} if self.login else {"LASTRO_API_KEY": self.key}

    @property
    def log(self) -> str:
        return (self.folder / "page.log").read_text()

    def start(self) -> "Site":
        kept = {name: value for name, value in os.environ.items() if not name.startswith("LASTRO_")}
        command = f"-m streamlit run src/frontend/app.py --server.address 127.0.0.1 --server.port {self.port}"
        with (self.folder / "page.log").open("ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, *command.split()],
                cwd=ROOT,
                env=kept | {"LASTRO_ENDPOINT": self.endpoint, **self.access},
                stdout=log,
                stderr=log,
            )
        wait_until(self.answers, 60)
        return self

    def answers(self) -> bool:
        assert self.process is not None
        assert self.process.poll() is None, self.log
        with contextlib.suppress(httpx.TransportError):
            return httpx.get(f"{self.url}/_stcore/health", timeout=2).status_code == 200
        return False

    def stop(self) -> None:
        if self.process is not None and self.process.poll() is None:
            self.process.kill()  # right after its start Streamlit may miss a wish to end
            self.process.wait()


@dataclass(frozen=True)
class Stack:
    """The live API and page, and the folder of the model that they serve."""

    api: Server
    site: Site

    @property
    def models(self) -> Path:
        return self.api.models

    def client(self) -> httpx.Client:
        """The API with the page's key, to see what the page has asked."""
        return httpx.Client(base_url=self.api.url, headers={"x-api-key": KEYS["web"]}, timeout=30)


def published(project: Project, minio: Minio) -> Path:
    """Push and publish the project's model; return the models/ that a clone pulls from the bucket."""
    point(project.root, minio.remote("browser-tests"))
    remote(project.root).set_up()
    commit(project)
    project.run("dvc", "push", "--quiet")
    project.run("python", "-m", "src.lineage.registry", "publish")
    for name in MODEL:
        (project.root / name).unlink()
    shutil.rmtree(project.root / ".dvc" / "cache")
    project.run("dvc", "pull", "--quiet", *MODEL)
    return project.root / "models"
