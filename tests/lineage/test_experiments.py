"""One experiment holds every training, from whatever folder DVC or Git lets it run in."""

import shutil
from pathlib import Path

import pytest

from src.lineage import tracking
from src.lineage.mlflow_backend import experiment, opened
from src.lineage.settings import Settings
from tests.conftest import ROOT, Project
from tests.lineage.conftest import commit

MODULES = ("errors", "files", "lineage/git", "lineage/mlflow_backend", "lineage/settings", "lineage/tracking")
RECORD = """
import mlflow
from src.lineage import tracking

with tracking.training_run({}, tracking.git_tags()):
    mlflow.log_text("kept", "kept.txt")
"""
DVC_YAML = """
stages:
  train:
    cmd: python record.py && cp params.yaml seed
    params: [seed]
    outs: [seed: {persist: true}]
"""


@pytest.fixture
def training(tmp_path: Path) -> Project:
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
    project = Project(root)
    project.run("git", "init", "-q", "-b", "main")
    project.run("dvc", "repro")
    commit(project)
    return project


def database(project: Project) -> Path:
    return project.root / "var" / "mlflow" / "mlflow.db"


def test_temporary_queued_and_worktrees_trainings_are_kept_in_one_experiment(training: Project) -> None:
    absolute, relative = f"sqlite:///{database(training)}", "sqlite:///var/mlflow/mlflow.db"
    training.run("dvc", "exp", "run", "--temp", "-S", "seed=1", MLFLOW_TRACKING_URI=relative)
    training.run("dvc", "exp", "run", "--queue", "-S", "seed=2")
    training.run("dvc", "exp", "run", "--run-all", "--jobs", "1", MLFLOW_TRACKING_URI=absolute)
    training.run("git", "worktree", "add", "-q", "../other")
    Project(training.root.parent / "other").run("dvc", "repro", "--force")
    training.run("dvc", "repro", "--force")
    settings = Settings(state=training.root / "var", tracking_uri=absolute)
    with opened(settings) as mlflow:
        client = mlflow.MlflowClient()
        assert {found.name for found in client.search_experiments()} == {"Default", "credit-score"}
        runs = client.search_runs([client.get_experiment_by_name("credit-score").experiment_id])
    assert {run.info.status for run in runs} == {"FINISHED"}
    kept = {Path(run.info.artifact_uri) / "kept.txt" for run in runs}
    assert len(kept) == 5
    assert all(path.is_file() and path.is_relative_to(settings.runs_folder) for path in kept)
    assert list(training.root.parent.rglob("mlflow.db")) == [database(training)]


@pytest.mark.parametrize("variable", ["MLFLOW_RUN_ID", "MLFLOW_EXPERIMENT_ID", "MLFLOW_ACTIVE_MODEL_ID"])
def test_another_ones_run_experiment_or_model_in_the_environment_is_left_alone(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, variable: str
) -> None:
    with opened(settings) as mlflow:
        client = mlflow.MlflowClient()
        elsewhere = client.create_experiment("somebody's")
        theirs = client.create_run(elsewhere).info.run_id
    monkeypatch.setenv(variable, elsewhere if variable == "MLFLOW_EXPERIMENT_ID" else theirs)
    monkeypatch.setenv("MLFLOW_EXPERIMENT_NAME", "somebody's")
    with tracking.training_run({"seed": 1}, {}, settings) as run:
        run.candidate("one", {}, {"roc_auc": [0.7]})
    with opened(settings) as mlflow:
        client = mlflow.MlflowClient()
        [left] = client.search_runs([elsewhere])
        ours = client.search_runs([client.get_experiment_by_name("credit-score").experiment_id])
    assert (left.info.run_id, left.info.status, left.data.params) == (theirs, "RUNNING", {})
    assert {run.info.run_name for run in ours} == {"train", "one"}


def test_project_that_moves_away_and_back_finds_its_experiment_again(settings: Settings, tmp_path: Path) -> None:
    one, two = str(tmp_path / "one"), str(tmp_path / "two")
    with opened(settings) as mlflow:
        client = mlflow.MlflowClient()
        first, second = (experiment(client, "credit-score", place) for place in (one, two))
        assert [experiment(client, "credit-score", place) for place in (one, two, one)] == [first, second, first]
        names = {found.name for found in client.search_experiments()}
        assert names == {"Default", "credit-score", f"credit-score in {two}"}


def test_experiment_whose_new_name_is_taken_or_that_was_deleted_makes_way_all_the_same(
    settings: Settings, tmp_path: Path
) -> None:
    one, two = str(tmp_path / "one"), str(tmp_path / "two")
    with opened(settings) as mlflow:
        client = mlflow.MlflowClient()
        client.create_experiment(f"credit-score in {one}", artifact_location=one)
        first = experiment(client, "credit-score", one)
        client.delete_experiment(first)
        second = experiment(client, "credit-score", two)
        assert client.get_experiment(second).artifact_location == two
        moved = client.get_experiment(first)
        assert (moved.name, moved.lifecycle_stage) == (f"credit-score in {one} ({first})", "deleted")


def test_same_folder_by_another_path_is_the_same_place(settings: Settings, tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "real")
    with opened(settings) as mlflow:
        client = mlflow.MlflowClient()
        first = experiment(client, "credit-score", str(tmp_path / "real"))
        assert experiment(client, "credit-score", str(tmp_path / "link")) == first
