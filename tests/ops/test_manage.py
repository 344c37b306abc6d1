import sys
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from ops import lifecycle, manage, services
from ops.bootstrap import STAMP
from ops.deployment import Deployment
from ops.errors import SetupError
from ops.launch import holder
from tests.ports import free_ports

Deploy = Callable[..., Deployment]
pytestmark = pytest.mark.usefixtures("server_program")


def test_start_starts_every_service_and_waits_for_none(deploy: Deploy) -> None:
    deployment = deploy()
    started = time.monotonic()
    manage.start(deployment)
    assert time.monotonic() - started < services.MLFLOW.patience / 10
    assert set(lifecycle.states(deployment)) == {service.name for service in services.SERVICES}
    assert lifecycle.states(deployment)["mlflow"][0] in lifecycle.UP
    server = lifecycle.ask(deployment)
    assert server is not None
    lifecycle.wait(deployment, server, services.MINIO)
    pid = holder(deployment, "minio")
    manage.start(deployment)
    assert holder(deployment, "minio") == pid


def test_start_starts_no_second_store_beside_one_with_the_same_credentials(deploy: Deploy) -> None:
    deployment = deploy()
    manage.start(deployment)
    server = lifecycle.ask(deployment)
    assert server is not None
    lifecycle.wait(deployment, server, services.MINIO)
    ports = dict(zip(("MLFLOW_PORT", "API_PORT", "PAGE_PORT"), map(str, free_ports(3)), strict=True))
    values = {**deployment.values, **ports, "LASTRO_STATE": "other"}
    other = Deployment(deployment.root, deployment.venv, values)
    try:
        manage.start(other)
        assert "minio" not in lifecycle.states(other)
        assert "mlflow" in lifecycle.states(other)
    finally:
        lifecycle.stop(other)


def test_start_with_an_environment_of_another_folder_starts_nothing(deploy: Deploy, tmp_path: Path) -> None:
    deployment = replace(deploy(), venv=tmp_path / "venv")
    (deployment.venv / "bin").mkdir(parents=True)
    (deployment.venv / "bin" / "python").symlink_to(sys.executable)
    (deployment.venv / STAMP).write_text(f"0123abc {tmp_path}/former\n")
    with pytest.raises(SetupError, match=r"was made in .*/former and does not work here"):
        manage.start(deployment)
    assert lifecycle.ask(deployment) is None
