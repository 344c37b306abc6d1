from collections.abc import Callable

import pytest

from ops.deployment import Deployment
from ops.services import MINIO, MLFLOW
from ops.supervisord import render

Deploy = Callable[..., Deployment]
pytestmark = pytest.mark.usefixtures("server_program")


def test_each_service_gets_only_its_own_variables(deploy: Deploy, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOMETHING_PRIVATE", "1")
    deployment = deploy()
    store, tracking = MINIO.environment(deployment), MLFLOW.environment(deployment)
    assert store["MINIO_ROOT_PASSWORD"] == tracking["AWS_SECRET_ACCESS_KEY"]
    assert not {"AWS_SECRET_ACCESS_KEY", "MLFLOW_TRACKING_URI", "LASTRO_STATE", "SOMETHING_PRIVATE"} & set(store)
    assert not {"LASTRO_STATE", "MINIO_PORT", "SOMETHING_PRIVATE"} & set(tracking)


def test_minio_asks_nobody_for_news_and_writes_to_the_state_alone(deploy: Deploy) -> None:
    deployment = deploy()
    assert MINIO.environment(deployment)["MINIO_UPDATE"] == "off"
    command = MINIO.command(deployment)
    assert command[command.index("--certs-dir") + 1].startswith(str(deployment.state))
    assert command[command.index("--address") + 1] == f"127.0.0.1:{deployment.port('MINIO_PORT')}"


def test_mlflow_runs_no_jobs_and_no_telemetry(deploy: Deploy) -> None:
    environment = MLFLOW.environment(deploy())
    assert environment["MLFLOW_SERVER_ENABLE_JOB_EXECUTION"] == "false"
    assert environment["MLFLOW_DISABLE_TELEMETRY"] == "true"


def test_supervisors_configuration_holds_no_secret_and_changes_with_it(
    deploy: Deploy, monkeypatch: pytest.MonkeyPatch
) -> None:
    deployment = deploy()
    before = render(deployment, [MINIO, MLFLOW])
    assert deployment.values["AWS_SECRET_ACCESS_KEY"] not in before
    monkeypatch.setenv("LANG", "another shell")
    assert render(deployment, [MINIO, MLFLOW]) == before
    changed = Deployment(deployment.root, deployment.venv, {**deployment.values, "AWS_SECRET_ACCESS_KEY": "another"})
    assert render(changed, [MINIO, MLFLOW]) != before
