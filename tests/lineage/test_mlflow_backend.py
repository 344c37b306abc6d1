"""Runs and their artifacts stay where they belong: in an experiment of this place, and in none of somebody else's."""

from pathlib import Path

import pytest

from src.lineage import tracking
from src.lineage.mlflow_backend import experiment, opened
from src.lineage.settings import Settings


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
