"""A real MLflow server behind a proxy that wants a user and a password: training and registry, with and without it"""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from src.lineage import tracking
from src.lineage.registry import main
from src.lineage.settings import Settings
from src.lineage.tracking import TrackingError
from tests.conftest import Project
from tests.lineage.conftest import _small, small
from tests.lineage.pushed import pushed_to_folder, versions
from tests.nginx import nginx_before
from tests.ports import free_port, listens, wait_until

__all__ = ["_small", "small"]
pytestmark = pytest.mark.lifecycle
USER, PASSWORD, WRONG = "lastro", "the-password-of-this-test", "not-the-password"


@pytest.fixture(scope="module")
def guarded(nginx: str, empty_database: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address that asks for them."""
    folder, port = tmp_path_factory.mktemp("guarded"), free_port()
    database = folder / "mlflow.db"
    database.write_bytes(empty_database.read_bytes())
    (folder / "users").write_text(f"{USER}:{{PLAIN}}{PASSWORD}\n")
    server = ["--host", "127.0.0.1", "--port", str(port), "--workers", "1"]
    places = ["--backend-store-uri", f"sqlite:///{database}", "--artifacts-destination", str(folder / "artifacts")]
    program = str(Path(sys.executable).with_name("mlflow"))
    environment = os.environ | {"MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false", "MLFLOW_DISABLE_TELEMETRY": "true"}
    guard = f'auth_basic "MLflow"; auth_basic_user_file {folder}/users; proxy_pass http://127.0.0.1:{port};'
    location = f"location / {{ {guard} }}"
    with (
        (folder / "log").open("wb") as log,
        subprocess.Popen([program, "server", *server, *places], env=environment, stdout=log, stderr=log) as mlflow,
        nginx_before(nginx, folder, location) as address,
    ):
        wait_until(lambda: listens(port), 120)
        yield address
        mlflow.terminate()


@pytest.fixture
def settings(guarded: str, tmp_path: Path) -> Settings:
    """Runs and models are registered there."""
    return Settings(_env_file=None, state=tmp_path / "state", tracking_uri=guarded)


def shown(monkeypatch: pytest.MonkeyPatch, password: str | None) -> None:
    """Let MLflow's own variables say who asks."""
    for name, value in {"MLFLOW_TRACKING_USERNAME": USER, "MLFLOW_TRACKING_PASSWORD": password}.items():
        if password is None:
            monkeypatch.delenv(name, raising=False)
        else:
            monkeypatch.setenv(name, str(value))


@pytest.mark.parametrize("password", [None, WRONG])
def test_refused_training_is_one_sentence_without_the_secret(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, password: str | None
) -> None:
    shown(monkeypatch, password)
    training = tracking.training_run({"seed": 1}, {}, settings)
    with pytest.raises(TrackingError, match=r"MLflow cannot use http://127.*401") as refused, training:
        pass
    assert len(str(refused.value).splitlines()) == 1
    assert WRONG not in str(refused.value)


def test_refused_publication_stands_in_the_chain_and_comes_to_mlflow_with_the_password(
    small: Project,
    settings: Settings,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    capsys: pytest.CaptureFixture[str],
) -> None:
    pushed_to_folder(small, tmp_path / "remote")
    shown(monkeypatch, WRONG)
    assert main(["publish"], small.root, settings) == 0
    warned = [record.getMessage() for record in caplog.records if record.levelname == "WARNING"]
    assert len(warned) == 1
    assert "its server refuses the user (401): MLFLOW_TRACKING_USERNAME and MLFLOW_TRACKING_PASSWORD" in warned[0]
    assert main(["reconcile"], small.root, settings) == 2
    said = capsys.readouterr()
    assert said.err.count("\n") == 1
    assert said.err.startswith("error: MLflow cannot use http://127.0.0.1")
    assert "refuses the user (401)" in said.err
    assert WRONG not in "".join([said.out, said.err, caplog.text])

    shown(monkeypatch, PASSWORD)
    assert main(["publish"], small.root, settings) == 0
    assert versions(settings) == 1
    assert main(["reconcile"], small.root, settings) == 0
    assert PASSWORD not in "".join([*capsys.readouterr(), caplog.text])


def test_training_is_recorded_with_the_password(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    shown(monkeypatch, PASSWORD)
    with tracking.training_run({"seed": 1}, {"model.sha256": "x"}, settings) as run:
        run.candidate("one", {}, {"roc_auc": [0.7, 0.8]})
        run.log({"roc_auc": 0.75})
