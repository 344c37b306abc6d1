"""The real pipeline's model, pushed and published: MLflow loads, serves and shows it, and knows its training."""

import json
import os
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from src.lineage.mlflow_backend import opened
from src.lineage.pictures import PICTURES
from src.lineage.publishing import publish
from src.lineage.settings import Settings
from src.lineage.storage import remote
from src.model.artifact import load_model
from tests.conftest import Project
from tests.lineage.conftest import PASSWORD, USER, Minio
from tests.ports import free_port

NAME = "models:/credit-score@champion"
ROWS = 3
LOAD = f"""
import sys, mlflow, pandas
X = pandas.read_parquet(sys.argv[1])
print(mlflow.sklearn.load_model("{NAME}").predict_proba(X).tolist())
"""


@pytest.fixture(scope="module")
def published(pushed_run: Project, tmp_path_factory: pytest.TempPathFactory) -> Project:
    """The pushed project, its model published as `make run` does it."""
    project = pushed_run.copy(tmp_path_factory.mktemp("published") / "project")
    publish(project.root, settings_of(project))
    return project


def settings_of(project: Project) -> Settings:
    return Settings(state=project.root / "var", tracking_uri="")


@pytest.fixture
def applicants(published: Project) -> pd.DataFrame:
    """Some applicants of the test split, as the model reads them."""
    card, _ = load_model(published.root / "models")
    table = pd.read_parquet(published.root / "data/processed/test.parquet")
    return table[[feature.name for feature in card.features]].head(ROWS)


@pytest.fixture
def expected(published: Project, applicants: pd.DataFrame) -> Any:
    """What the model in models/ says of them."""
    _, model = load_model(published.root / "models")
    return pytest.approx(model.predict_proba(applicants))


def elsewhere(project: Project, minio: Minio) -> dict[str, str]:
    """Return the environment of a process that knows MLflow and the bucket, and nothing of the project."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "MLFLOW_", "PYTHONPATH"))}
    return kept | {
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
        "AWS_ACCESS_KEY_ID": USER,
        "AWS_SECRET_ACCESS_KEY": PASSWORD,
        "MLFLOW_S3_ENDPOINT_URL": minio.url,
        "MLFLOW_TRACKING_URI": f"sqlite:///{project.root}/var/mlflow/mlflow.db",
        "MLFLOW_DISABLE_TELEMETRY": "true",
    }


@pytest.fixture(scope="module")
def served(published: Project, minio: Minio, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of `mlflow models serve`; it starts while other tests run."""
    port, folder = str(free_port()), tmp_path_factory.mktemp("served")
    command = ["mlflow", "models", "serve", "-m", NAME, "--env-manager", "local", "-p", port]
    with (folder / "log").open("w") as log:
        environment = elsewhere(published, minio)
        process = subprocess.Popen(command, cwd=folder, env=environment, stdout=log, stderr=log, start_new_session=True)
        yield f"http://127.0.0.1:{port}"
        os.killpg(process.pid, signal.SIGTERM)
        process.wait()


@pytest.mark.usefixtures("served")
def test_sklearn_loads_the_champion_outside_of_the_project(
    published: Project, minio: Minio, applicants: pd.DataFrame, expected: Any, tmp_path: Path
) -> None:
    applicants.to_parquet(tmp_path / "applicants.parquet")
    command = [sys.executable, "-c", LOAD, "applicants.parquet"]
    done = subprocess.run(command, cwd=tmp_path, env=elsewhere(published, minio), capture_output=True, check=True)
    assert json.loads(done.stdout) == expected


def test_mlflows_page_shows_what_the_champion_is(published: Project) -> None:
    card, _ = load_model(published.root / "models")
    place = remote(published.root)
    with opened(settings_of(published), place.environment()) as mlflow:
        client = mlflow.MlflowClient()
        version = client.get_model_version_by_alias("credit-score", "champion")
        model, run = mlflow.models.get_model_info(NAME), client.get_run(version.run_id)
        files = {file.path for file in client.list_artifacts(version.run_id)}
        pictures = {file.path for file in client.list_artifacts(version.run_id, "plots")}
        inputs = [item.dataset for item in run.inputs.dataset_inputs]
    assert version.description == published.read("MODEL_CARD.md")
    assert model.signature.inputs.input_names() == [feature.name for feature in card.features]
    assert run.data.metrics == json.loads(published.read("reports/metrics.json"))
    assert {name: version.tags[f"test.{name}"] for name in run.data.metrics} == {
        name: str(value) for name, value in run.data.metrics.items()
    }
    assert {"MODEL_CARD.md", "plots"} <= files
    assert pictures == {f"plots/{name}.png" for name in PICTURES}
    assert [(data.name, data.digest) for data in inputs] == [(card.dataset.name, version.tags["data.md5"])]


def ask(address: str, body: dict[str, Any]) -> tuple[int, Any]:
    """Return the status and the answer, as soon as somebody listens."""
    content, deadline = json.dumps(body).encode(), time.monotonic() + 120
    request = urllib.request.Request(f"{address}/invocations", content, {"Content-Type": "application/json"})
    while True:
        try:
            with urllib.request.urlopen(request) as answer:
                return answer.status, json.load(answer)
        except urllib.error.HTTPError as refused:
            return refused.code, json.load(refused)
        except urllib.error.URLError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.2)


def test_mlflow_serves_the_champion(served: str, applicants: pd.DataFrame, expected: Any) -> None:
    body = {"dataframe_split": json.loads(applicants.to_json(orient="split", index=False))}
    assert ask(served, body) == (200, {"predictions": expected})


def test_mlflow_serves_the_input_example_and_refuses_a_body_without_a_required_column(
    served: str, published: Project
) -> None:
    place = remote(published.root)
    with opened(settings_of(published), place.environment()) as mlflow:
        body = json.loads(mlflow.artifacts.load_text(f"{NAME}/serving_input_example.json"))
    _, model = load_model(published.root / "models")
    table = body["dataframe_split"]
    expected = model.predict_proba(pd.DataFrame(table["data"], columns=table["columns"]))
    assert ask(served, body) == (200, {"predictions": pytest.approx(expected)})
    lacking = {"columns": table["columns"][1:], "data": [row[1:] for row in table["data"]]}
    status, said = ask(served, {"dataframe_split": lacking})
    assert status == 400
    assert table["columns"][0] in said["message"]


def test_training_of_the_published_model_is_recorded(published: Project) -> None:
    registration = json.loads(published.read("models/registry.json"))
    compared = json.loads(published.read("reports/candidates.json"))["candidates"]
    candidates = {name: one for name, one in compared.items() if one["left_out"] is None}
    with opened(settings_of(published)) as mlflow:
        runs = mlflow.search_runs(experiment_names=["credit-score"], output_format="list")
    [parent] = [run for run in runs if "mlflow.parentRunId" not in run.data.tags]
    assert parent.data.tags["model.sha256"] == registration["sha256"]
    assert parent.data.tags["data.md5"] == registration["data_md5"]
    assert "training_roc_auc" in parent.data.metrics
    assert len(parent.data.params) > 20
    children = {run.info.run_name: run.data for run in runs if run is not parent}
    assert children.keys() == candidates.keys()
    for name, data in children.items():
        assert data.metrics["cv/roc_auc_mean"] == pytest.approx(candidates[name]["roc_auc"]["mean"], abs=1e-6)
