"""A real MinIO on free ports with its own data, and a small DVC project with a real scikit-learn model"""

import contextlib
import hashlib
import json
import os
import shutil
import signal
import subprocess
import time
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import boto3  # noqa: F401  before autologging: what is imported after it comes by a loader that warns
import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from ops.minio import find_or_build
from src.files import digest, sha256_of, write_json
from src.lineage.settings import Settings
from src.model.artifact import to_bytes
from tests.conftest import ROOT, Project, put_database
from tests.ports import free_port

USER, PASSWORD = "lineage-tests", "a-password-of-these-tests"
COMMIT = ("-c", "user.name=t", "-c", "user.email=t@example.org", "commit", "--allow-empty", "-qam")
DVC_YAML = """
stages:
  ingest:
    cmd: cp src/applications data/raw/applications.parquet
    deps: [src/applications]
    outs: [data/raw/applications.parquet]
  train:
    cmd: >-
      cp src/fitted models/model.pkl && cp src/card models/model.json && cp src/form models/export.json
      && cp src/evaluated models/evaluation.json
    deps: [data/raw/applications.parquet, src/fitted, src/card, src/form, src/evaluated]
    params: [train.folds]
    outs:
      - models/model.pkl
      - models/model.json: {cache: false}
      - models/export.json: {cache: false}
      - models/evaluation.json: {cache: false}
"""

MADE = {
    "src/fitted": "models/model.pkl",
    "src/card": "models/model.json",
    "src/form": "models/export.json",
    "src/evaluated": "models/evaluation.json",
}
METRICS = {"roc_auc": 0.8, "brier": 0.15, "ece": 0.05}


@dataclass
class Minio:
    """One server; it can be stopped, killed and started again on the same data."""

    data: Path
    program: Path
    port: int = field(default_factory=free_port)
    process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        """Where S3 answers."""
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> None:
        """Start and wait until it is ready."""
        environment = {"PATH": os.environ["PATH"], "HOME": str(self.data.parent), "MINIO_UPDATE": "off"}
        keys = {"MINIO_ROOT_USER": USER, "MINIO_ROOT_PASSWORD": PASSWORD}
        addresses = ["--address", f"127.0.0.1:{self.port}", "--console-address", f"127.0.0.1:{free_port()}"]
        command = [str(self.program), "server", str(self.data), *addresses, "--quiet"]
        self.process = subprocess.Popen(command, env=environment | keys, stdout=subprocess.DEVNULL)
        deadline = time.monotonic() + 30
        while time.monotonic() < deadline:
            with contextlib.suppress(OSError), urllib.request.urlopen(f"{self.url}/minio/health/ready") as answer:
                if answer.status == 200:
                    return
            time.sleep(0.05)
        raise TimeoutError("MinIO is not ready after 30 s")

    def stop(self, sign: signal.Signals = signal.SIGTERM) -> None:
        """Stop it as a user would, or with SIGKILL."""
        if self.process:
            self.process.send_signal(sign)
            self.process.wait()
            self.process = None

    def remote(self, bucket: str, **changed: str) -> dict[str, str]:
        """Return the keys of a DVC remote in this server's bucket."""
        keys = {"access_key_id": USER, "secret_access_key": PASSWORD}
        return {"url": f"s3://{bucket}/dvc", "endpointurl": self.url, "region": "us-east-1", **keys, **changed}


@pytest.fixture(scope="session")
def minio_program() -> Path:
    """The server program, built once a machine."""
    return find_or_build()


@pytest.fixture(scope="session")
def minio(minio_program: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Minio]:
    """A server for all tests that leave it running."""
    server = Minio(tmp_path_factory.mktemp("minio") / "data", minio_program)
    server.start()
    yield server
    server.stop()


@pytest.fixture
def own_minio(minio_program: Path, tmp_path: Path) -> Iterator[Minio]:
    """A server for one test, which may stop it."""
    server = Minio(tmp_path / "minio" / "data", minio_program)
    server.start()
    yield server
    server.stop(signal.SIGKILL)


@pytest.fixture
def bucket(request: pytest.FixtureRequest) -> str:
    """A name of this test's own."""
    return f"test-{sha256_of(request.node.nodeid.encode())[:16]}"


def point(root: Path, remote: dict[str, str]) -> None:
    """Write .dvc/config.local as set-up does."""
    lines = "".join(f"{key} = {value}\n" for key, value in remote.items())
    (root / ".dvc" / "config.local").write_text(f"['remote \"minio\"']\n{lines}")


def point_to_folder(root: Path, folder: Path) -> None:
    """Write .dvc/config.local as set-up does where no MinIO is possible."""
    (root / ".dvc" / "config.local").write_text(f"[core]\nremote = local\n['remote \"local\"']\nurl = {folder}\n")


def fit(project: Project, seed: int) -> None:
    """Let the next `dvc repro` make another model."""
    X = np.random.default_rng(seed).normal(size=(50, 2))
    model = to_bytes(make_pipeline(StandardScaler(), LogisticRegression()).fit(X, X[:, 0] > 0))
    card = json.loads((ROOT / "models" / "model.json").read_text()) | {"sha256": sha256_of(model)}
    (project.root / "src" / "fitted").write_bytes(model)
    (project.root / "src" / "card").write_text(json.dumps(card))
    named = {"model": card["sha256"], "card_sha256": digest(project.root / "src" / "card")}
    form = json.loads((ROOT / "models" / "export.json").read_text()) | named
    (project.root / "src" / "form").write_text(json.dumps(form))
    evaluate(project, card["sha256"])


def evaluate(project: Project, sha256: str, **metrics: float) -> None:
    """Write what the evaluate stage would write of a model: three metrics, one plot, a model card."""
    values = {name: {"value": value, "low": value, "high": value} for name, value in (METRICS | metrics).items()}
    curve = [{"false_positive_rate": share, "true_positive_rate": share} for share in (0, 1)]
    for path in ("src/evaluated", "models/evaluation.json"):
        found = {"sha256": sha256, "rows": 50, "bad_rate": 0.5, "metrics": values, "fairness": []}
        write_json(project.root / path, found)
    write_json(project.root / "reports" / "plots" / "roc.json", curve)
    (project.root / "MODEL_CARD.md").write_text(f"# A card\n\nof {sha256}\n")


def remake(project: Project, seed: int) -> None:
    """Make another model and let dvc.lock name it: what `dvc repro` does of these stages, without its seconds."""
    fit(project, seed)
    for source, made in MADE.items():
        (project.root / made).unlink()
        shutil.copy(project.root / source, project.root / made)

    def name(lock: dict) -> None:
        stage = lock["stages"]["train"]
        for entry in [*stage["deps"], *stage["outs"]]:
            content = (project.root / entry["path"]).read_bytes()
            entry |= {"md5": hashlib.md5(content).hexdigest(), "size": len(content)}

    project.edit("dvc.lock", name)


def commit(project: Project) -> str:
    """Commit everything and return the commit's hash."""
    project.run("git", "add", "-A")
    project.run("git", *COMMIT, "a change")
    return project.run("git", "rev-parse", "HEAD").stdout.strip()


@pytest.fixture(scope="session")
def _small(tmp_path_factory: pytest.TempPathFactory) -> Project:
    root = tmp_path_factory.mktemp("small") / "project"
    for folder in ("src", "models", "data/raw", ".dvc"):
        (root / folder).mkdir(parents=True)
    for file in (".gitignore", ".dvc/config", ".dvc/.gitignore", "policy.yaml"):
        shutil.copy(ROOT / file, root / file)
    (root / "dvc.yaml").write_text(DVC_YAML)
    (root / "params.yaml").write_text("train: {folds: 5}\n")
    (root / "src" / "applications").write_text("the applicants")
    project = Project(root)
    project.run("git", "init", "-q", "-b", "main")
    fit(project, seed=0)
    project.run("dvc", "repro")
    commit(project)
    return project


@pytest.fixture
def small(_small: Project, tmp_path: Path) -> Project:
    """A committed project of two quick stages with a model in models/, nothing pushed."""
    return _small.copy(tmp_path / "small")


def settings_in(folder: Path, database: Path) -> Settings:
    """Return settings whose state is in `folder`, with a copy of the database."""
    own = put_database(database, folder / "state")
    return Settings(state=folder / "state", tracking_uri=f"sqlite:///{own}")


@pytest.fixture
def settings(empty_database: Path, tmp_path: Path) -> Settings:
    """An empty MLflow of this test's own."""
    return settings_in(tmp_path, empty_database)


@pytest.fixture(scope="session")
def pushed_run(light_run: Project, minio: Minio, tmp_path_factory: pytest.TempPathFactory) -> Project:
    """The real project, committed, its outputs pushed to the bucket `pushed`. Copy it before you change it."""
    project = light_run.copy(tmp_path_factory.mktemp("pushed") / "project")
    commit(project)
    point(project.root, minio.remote("pushed"))
    made = project.run("python", "-m", "src.lineage.storage")
    assert made.stdout == f"bucket pushed at {minio.url}: made, versioning on\n"
    project.run("dvc", "push")
    return project
