"""Training is recorded in MLflow as the issue asks, and nothing is recorded or written elsewhere."""

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sklearn.calibration import CalibratedClassifierCV
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import MinMaxScaler, StandardScaler

from src.lineage import tracking
from src.lineage.mlflow_backend import experiment, opened
from src.lineage.settings import Settings
from src.model.artifact import to_bytes
from tests.conftest import Project
from tests.lineage.conftest import commit, settings_in
from tests.ports import free_port

X = np.random.default_rng(0).normal(size=(60, 2))
y = X[:, 0] > 0
FOLDS = [0.7, 0.8, 0.9]


def estimator() -> Pipeline:
    return make_pipeline(StandardScaler(), LogisticRegression())


def client_of(settings: Settings) -> Any:
    with opened(settings) as mlflow:
        return mlflow.MlflowClient(settings.tracking_uri)


def runs_of(client: Any) -> dict[str, Any]:
    """Return every run of the experiment by its name."""
    found = client.get_experiment_by_name("credit-score")
    return {run.info.run_name: run for run in client.search_runs([found.experiment_id])}


@dataclass(frozen=True)
class Training:
    """Where a training was recorded, and its model's bytes while it was watched and afterwards."""

    settings: Settings
    marked: bytes
    watched: bytes


@pytest.fixture(scope="module")
def training(empty_database: Path, tmp_path_factory: pytest.TempPathFactory) -> Training:
    """One training of two candidates, with fits before, beside and after the one that is watched."""
    settings = settings_in(tmp_path_factory.mktemp("training"), empty_database)
    other = make_pipeline(MinMaxScaler(), LogisticRegression())
    other.fit(X, y)
    with tracking.training_run({"seed": 1, "train": {"folds": 3}}, {"data.md5": "d"}, settings) as run:
        other.fit(X, y)
        model = CalibratedClassifierCV(estimator(), cv=3)
        with run.watching(model):
            model.fit(X, y)
            marked = to_bytes(model)
        other.fit(X, y)
        for name in ("plain", "other"):
            run.candidate(name, {"C": 1.0}, {"roc_auc": FOLDS})
        run.log({"roc_auc": 0.8})
        run.tag({"model.sha256": "s"})
    other.fit(X, y)
    return Training(settings, marked, to_bytes(model))


@pytest.fixture
def client(training: Training) -> Any:
    """MLflow's client of that training."""
    return client_of(training.settings)


@pytest.fixture
def recorded(client: Any) -> dict[str, Any]:
    """The runs of that training."""
    return runs_of(client)


def test_each_candidate_is_a_child_of_one_parent(recorded: dict[str, Any]) -> None:
    parent = recorded["train"]
    assert sorted(recorded) == ["other", "plain", "train"]
    assert {run.data.tags.get("mlflow.parentRunId") for run in recorded.values()} == {None, parent.info.run_id}
    assert {run.info.status for run in recorded.values()} == {"FINISHED"}


def test_parent_holds_params_result_and_tags(recorded: dict[str, Any]) -> None:
    parent = recorded["train"].data
    assert parent.params.items() > {"seed": "1", "train.folds": "3"}.items()
    assert parent.metrics["roc_auc"] == 0.8
    assert (parent.tags["data.md5"], parent.tags["model.sha256"]) == ("d", "s")


def test_fold_scores_are_metrics_by_step(recorded: dict[str, Any], client: Any) -> None:
    run = recorded["plain"]
    history = client.get_metric_history(run.info.run_id, "cv/roc_auc")
    assert [(metric.step, metric.value) for metric in history] == list(enumerate(FOLDS))
    assert run.data.metrics == pytest.approx({"cv/roc_auc": 0.9, "cv/roc_auc_mean": 0.8, "cv/roc_auc_std": 0.1})
    assert run.data.params == {"candidate.C": "1.0"}


def test_autologging_records_the_models_parameters_training_metrics_and_plots_but_no_model(
    recorded: dict[str, Any], client: Any
) -> None:
    run = recorded["train"]
    assert run.data.params["estimator__logisticregression__C"] == "1.0"
    assert {"training_roc_auc", "training_log_loss", "training_score"} < run.data.metrics.keys()
    files = {file.path for file in client.list_artifacts(run.info.run_id)}
    assert {"training_roc_curve.png", "training_precision_recall_curve.png"} < files
    assert client.search_logged_models([run.info.experiment_id]) == []


def test_fits_outside_of_the_block_are_not_recorded(recorded: dict[str, Any]) -> None:
    assert not [name for run in recorded.values() for name in run.data.params if name.startswith("minmaxscaler")]
    assert len(recorded) == 3


def test_watched_model_has_the_bytes_of_an_unwatched_one(training: Training) -> None:
    free = to_bytes(CalibratedClassifierCV(estimator(), cv=3).fit(X, y))
    assert training.marked != free, "MLflow marks what it watches"
    assert training.watched == free


def test_artifacts_stay_in_the_state_folder(recorded: dict[str, Any], training: Training) -> None:
    assert all(Path(run.info.artifact_uri).is_relative_to(training.settings.state) for run in recorded.values())


def test_failing_fit_marks_the_training_as_failed_and_ends_the_watch(settings: Settings) -> None:
    model, later = estimator(), estimator()
    with (
        pytest.raises(ValueError, match="Found array with 0 sample"),
        tracking.training_run({}, {}, settings) as run,
        run.watching(model),
    ):
        model.fit(X[:0], y[:0])
    later.fit(X, y)
    assert "_mlflow_run_id" not in vars(later)
    assert {run.info.status for run in runs_of(client_of(settings)).values()} == {"FAILED"}


def test_process_points_afterwards_where_it_pointed(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "sqlite:////elsewhere.db")
    with tracking.training_run({}, {}, settings):
        assert os.environ["MLFLOW_TRACKING_URI"] == settings.tracking_uri
    assert os.environ["MLFLOW_TRACKING_URI"] == "sqlite:////elsewhere.db"


@pytest.mark.parametrize("kind", ["server", "file", "folder", "scheme"])
def test_place_that_cannot_be_written_is_one_clear_error(
    kind: str, settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")
    (tmp_path / "file").write_text("this is no database")
    uri, said = {
        "server": (f"http://127.0.0.1:{free_port()}", "no server answers there"),
        "file": (f"sqlite:///{tmp_path}/file", "file is not a database"),
        "folder": (f"sqlite:///{tmp_path}/file/mlflow.db", "File exists|Not a directory"),
        "scheme": ("nonsense://x", "unsupported URI"),
    }[kind]
    broken = settings.model_copy(update={"tracking_uri": uri})
    with pytest.raises(tracking.TrackingError, match=said) as caught, tracking.training_run({}, {}, broken):
        pass
    assert uri in str(caught.value)
    assert "\n" not in str(caught.value)


def test_experiment_is_brought_back_and_never_writes_to_another_place(settings: Settings, tmp_path: Path) -> None:
    with opened(settings) as mlflow:
        client = mlflow.MlflowClient()
        first = experiment(client, "credit-score", str(tmp_path / "one"))
        client.delete_experiment(first)
        assert experiment(client, "credit-score", str(tmp_path / "one")) == first
        moved = experiment(client, "credit-score", str(tmp_path / "two"))
        assert moved != first
        assert client.get_experiment(moved).artifact_location == str(tmp_path / "two")
        assert client.get_experiment(first).name == f"credit-score in {tmp_path / 'one'}"


def test_git_tags_say_commit_and_whether_the_files_are_that_commits(small: Project) -> None:
    head = commit_with_data(small)
    assert tracking.git_tags(small.root) == {"git.commit": head, "git.dirty": "false"}
    (small.root / "src" / "new.py").write_text("")
    assert tracking.git_tags(small.root) == {"git.commit": head, "git.dirty": "true"}


def commit_with_data(project: Project) -> str:
    (project.root / "data" / "external").mkdir()
    (project.root / "data" / "external" / "package").write_text("")
    return commit(project)


def test_git_tags_outside_of_a_checkout_have_no_commit(tmp_path: Path) -> None:
    assert tracking.git_tags(tmp_path) == {"git.dirty": "true"}


def test_git_tags_without_git_have_no_commit(small: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(small.root))
    assert tracking.git_tags(small.root) == {"git.dirty": "true"}
