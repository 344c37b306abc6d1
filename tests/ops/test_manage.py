import time
from collections.abc import Callable

import pytest

from ops import lifecycle, manage, services
from ops.deployment import Deployment
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
