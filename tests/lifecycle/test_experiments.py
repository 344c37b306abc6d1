"""One experiment holds every training, from whatever folder DVC or Git lets it run in."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from src.lineage.mlflow_backend import opened
from src.lineage.settings import Settings
from tests.conftest import ROOT, Project, put_database
from tests.lineage.conftest import commit

pytestmark = pytest.mark.lifecycle
MODULES = ("errors", "files", "git", "lineage/mlflow_backend", "lineage/settings", "lineage/tracking")
RECORD = """
import mlflow
from src.lineage import tracking

with tracking.training_run({}, tracking.git_tags()):
    mlflow.log_text("kept", "kept.txt")
"""
QUEUED = """
import dvc_task.proc.tasks
from dvc.repo import Repo
from dvc.repo.experiments.queue.tasks import run_exp

with Repo() as repo:
    [entry] = repo.experiments.celery_queue.iter_queued()
run_exp(entry.asdict())
"""  # what a worker of DVC's queue does, without the half minute that Celery takes to begin and to end
DVC_YAML = """
stages:
  train:
    cmd: python record.py && cp params.yaml seed
    params: [seed]
    outs: [seed: {persist: true}]
"""


@pytest.fixture
def training(empty_database: Path, tmp_path: Path) -> Project:
    """A project whose one stage records a training and fits nothing, in a folder that is hard to name."""
    root = tmp_path / "a blank" / "lastro"
    for name in MODULES:
        (root / "src" / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / "src" / f"{name}.py", root / "src" / f"{name}.py")
    (root / ".dvc").mkdir()
    for name in (".gitignore", ".dvc/config", ".dvc/.gitignore"):
        shutil.copy(ROOT / name, root / name)
    (root / "record.py").write_text(RECORD)
    (root / "dvc.yaml").write_text(DVC_YAML)
    (root / "params.yaml").write_text("seed: 0\n")
    put_database(empty_database, root / "var")
    project = Project(root)
    project.run("git", "init", "-q", "-b", "main")
    commit(project)
    return project


def database(project: Project) -> Path:
    return project.root / "var" / "mlflow" / "mlflow.db"


def test_temporary_queued_and_worktrees_trainings_are_kept_in_one_experiment(training: Project) -> None:
    absolute, relative = f"sqlite:///{database(training)}", "sqlite:///var/mlflow/mlflow.db"
    training.run("dvc", "exp", "run", "--temp", "-S", "seed=1", MLFLOW_TRACKING_URI=relative)
    training.run("dvc", "exp", "run", "--queue", "-S", "seed=2")
    training.run("python", "-c", QUEUED, MLFLOW_TRACKING_URI=absolute)
    training.run("git", "worktree", "add", "-q", "../other")
    Project(training.root.parent / "other").run("python", "record.py")
    settings = Settings(state=training.root / "var", tracking_uri=absolute)
    with opened(settings) as mlflow:
        client = mlflow.MlflowClient()
        assert {found.name for found in client.search_experiments()} == {"Default", "credit-score"}
        runs = client.search_runs([client.get_experiment_by_name("credit-score").experiment_id])
    assert {run.info.status for run in runs} == {"FINISHED"}
    kept = {Path(run.info.artifact_uri) / "kept.txt" for run in runs}
    assert len(kept) == 3
    assert all(path.is_file() and path.is_relative_to(settings.runs_folder) for path in kept)
    assert list(training.root.parent.rglob("mlflow.db")) == [database(training)]


TRAIN = """
from src.lineage import tracking
with tracking.training_run({"seed": 1}, tracking.git_tags()):
    pass
"""


def test_two_first_trainings_may_start_together_and_write_nowhere_else(tmp_path: Path) -> None:
    state, here = tmp_path / "a state", tmp_path / "here"
    here.mkdir()
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("MLFLOW_", "LASTRO_"))}
    environment = kept | {"LASTRO_STATE": str(state), "PYTHONPATH": str(ROOT)}
    environment["MLFLOW_TRACKING_URI"] = f"sqlite:///{state / 'mlflow' / 'mlflow.db'}"  # before what .env says
    command = [sys.executable, "-c", TRAIN]
    both = [subprocess.Popen(command, cwd=here, env=environment, stderr=subprocess.PIPE) for _ in range(2)]
    assert [process.communicate()[1].decode() for process in both] == ["", ""]
    assert list(here.iterdir()) == []
    assert [path.relative_to(state).as_posix() for path in state.rglob("*") if path.is_file()] == ["mlflow/mlflow.db"]
    settings = Settings(state=state, tracking_uri="")
    with opened(settings) as mlflow:
        assert len(mlflow.search_runs(experiment_names=["credit-score"], output_format="list")) == 2
