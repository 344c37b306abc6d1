"""a real supervisord with a real MinIO, on free ports"""

import contextlib
import http.server
import os
import shutil
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import cast

import httpx
import pytest

from ops import client, configure, lifecycle, manage, ports, services
from ops.deployment import ROOT, Deployment, load
from ops.errors import SetupError
from ops.launch import holder
from ops.services import API, DELIVERY, MINIO, MLFLOW, MONITOR, PAGE
from ops.supervisord import Supervisord
from tests.api.deliveries import Deliveries
from tests.conftest import Project
from tests.ports import free_ports, wait_until

Deploy = Callable[..., Deployment]
pytestmark = pytest.mark.usefixtures("server_program")


def up(deployment: Deployment, *chosen: services.Service) -> Supervisord:
    """Start services and wait until they are healthy."""
    server = lifecycle.begin(deployment, chosen)
    for service in chosen:
        lifecycle.start(deployment, server, service)
    for service in chosen:
        lifecycle.wait(deployment, server, service)
    return server


def supervisord(deployment: Deployment) -> int:
    return int((deployment.state / "run" / "supervisord.pid").read_text())


@contextlib.contextmanager
def listening(port: int) -> Iterator[None]:
    """Let a server that is not MinIO answer on a port."""
    with http.server.HTTPServer(("127.0.0.1", port), http.server.BaseHTTPRequestHandler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield
        server.shutdown()
        thread.join()


def test_service_starts_stays_and_stops(deploy: Deploy, capsys: pytest.CaptureFixture[str]) -> None:
    deployment = deploy()
    assert lifecycle.startable(deployment) == [MINIO, MLFLOW, DELIVERY, API, MONITOR, PAGE]
    up(deployment, MINIO)
    pid = holder(deployment, "minio")
    manage.status(deployment)
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[:3] for line in lines] == [
        ["minio", "RUNNING", deployment.address("MINIO_PORT")],
        ["mlflow", "STOPPED", deployment.address("MLFLOW_PORT")],
        ["delivery", "STOPPED"],  # it listens on no port
        ["api", "STOPPED", deployment.address("API_PORT")],
        ["monitor", "STOPPED"],
        ["page", "STOPPED", deployment.address("PAGE_PORT")],
    ]

    assert lifecycle.startable(deployment) == [MINIO, MLFLOW, DELIVERY, API, MONITOR, PAGE]
    up(deployment, MINIO)
    assert holder(deployment, "minio") == pid

    manage.stop(deployment)
    manage.stop(deployment)
    assert capsys.readouterr().out == "stopped: minio\nnothing was running\n"
    assert not any(ports.taken(deployment.port(name)) for name in ("MINIO_PORT", "MINIO_CONSOLE_PORT"))


def test_logs_are_shown_once_there_are_some(deploy: Deploy, capfd: pytest.CaptureFixture[str]) -> None:
    deployment = deploy()
    with pytest.raises(SetupError, match="no logs yet"):
        manage.logs(deployment)
    up(deployment, MINIO)
    manage.logs(deployment)
    shown = capfd.readouterr().out
    assert "minio.log" in shown
    assert "supervisord started" in shown


def test_services_that_outlive_a_killed_supervisor_are_replaced(deploy: Deploy) -> None:
    deployment = deploy()
    up(deployment, MINIO)
    orphan = holder(deployment, "minio")
    os.kill(supervisord(deployment), signal.SIGKILL)
    assert lifecycle.startable(deployment) == [MINIO, MLFLOW, DELIVERY, API, MONITOR, PAGE]
    up(deployment, MINIO)
    assert holder(deployment, "minio") not in {None, orphan}


def test_stop_ends_services_that_outlive_a_killed_supervisor(deploy: Deploy) -> None:
    deployment = deploy()
    up(deployment, MINIO)
    os.kill(supervisord(deployment), signal.SIGKILL)
    assert lifecycle.stop(deployment) == ["minio"]
    assert holder(deployment, "minio") is None
    assert not ports.taken(deployment.port("MINIO_PORT"))


def test_killed_service_comes_back_by_itself(deploy: Deploy) -> None:
    deployment = deploy()
    server = up(deployment, MINIO)
    pid = holder(deployment, "minio")
    assert pid is not None
    os.kill(pid, signal.SIGKILL)
    lifecycle.wait(deployment, server, MINIO)
    assert holder(deployment, "minio") not in {None, pid}


def test_changed_port_is_followed_at_the_next_start(deploy: Deploy, clone: Path) -> None:
    deployment = deploy()
    up(deployment, MINIO)
    free = deployment.values["API_PORT"]
    changed = deploy(MINIO_PORT=free, API_PORT=deployment.values["MINIO_PORT"])
    up(changed, MINIO)
    assert ports.healthy(int(free), MINIO.health)
    assert not ports.taken(deployment.port("MINIO_PORT"))
    assert (clone / "var" / "run" / "supervisord.conf").stat().st_size > 0


def test_second_server_on_one_folder_is_refused(deploy: Deploy, clone: Path) -> None:
    deployment = deploy()
    up(deployment, MINIO)
    swapped = {"MINIO_PORT": "API_PORT", "MINIO_CONSOLE_PORT": "PAGE_PORT"}
    swapped |= {there: name for name, there in swapped.items()}
    deploy(**{name: deployment.values[there] for name, there in swapped.items()})
    second = subprocess.run(
        [sys.executable, "-m", "ops.launch", str(clone), "minio"],
        cwd=ROOT, capture_output=True, text=True, check=False, timeout=30,
    )  # fmt: skip
    assert second.returncode == 1
    pid = holder(deployment, "minio")
    assert second.stderr == (f"minio is already running on {deployment.state} (process {pid}): `make stop` ends it.\n")


def test_minio_with_our_credentials_is_used_and_another_is_named(deploy: Deploy, tmp_path: Path) -> None:
    deployment = deploy()
    up(deployment, MINIO)
    other = tmp_path / "other"
    (other / ".dvc").mkdir(parents=True)
    (other / ".env.example").write_text((ROOT / ".env.example").read_text())
    ports_of = dict(
        zip(("MINIO_CONSOLE_PORT", "MLFLOW_PORT", "API_PORT", "PAGE_PORT"), map(str, free_ports(4)), strict=True)
    )
    configure.write(other, {**ports_of, "MINIO_PORT": deployment.values["MINIO_PORT"]})
    with pytest.raises(SetupError, match=r"refuses this project's credentials: set MINIO_PORT in \.env"):
        lifecycle.startable(load(other))

    text = (other / ".env").read_text()
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        text = text.replace(load(other).values[name], deployment.values[name])
    (other / ".env").write_text(text)
    assert lifecycle.startable(load(other)) == [MLFLOW, DELIVERY, API, MONITOR, PAGE]


def test_server_that_is_not_minio_is_named(deploy: Deploy) -> None:
    deployment = deploy()
    with (
        listening(deployment.port("MINIO_PORT")),
        pytest.raises(SetupError, match=r"not MinIO: set MINIO_PORT in \.env to a free port"),
    ):
        lifecycle.startable(deployment)


@pytest.mark.parametrize("variable", ["MINIO_CONSOLE_PORT", "MLFLOW_PORT", "API_PORT"])
def test_taken_port_is_a_sentence_that_names_the_variable(deploy: Deploy, variable: str) -> None:
    deployment = deploy()
    with (
        socket.create_server(("127.0.0.1", deployment.port(variable))),
        pytest.raises(SetupError, match=f"taken by another program; set {variable} in .env to a free one"),
    ):
        lifecycle.startable(deployment)


def test_service_that_ends_at_once_shows_its_last_word(deploy: Deploy, clone: Path) -> None:
    secret = deploy().values["AWS_SECRET_ACCESS_KEY"]
    (clone / ".env").write_text((clone / ".env").read_text().replace(secret, "short"))
    with pytest.raises(SetupError, match=r"MinIO, the S3 store does not start; its log .*minio\.log ends with: "):
        up(load(clone), MINIO)


def test_model_that_is_delivered_later_is_served_by_the_same_process(deploy: Deploy, light_run: Project) -> None:
    deployment = deploy()
    shutil.copytree(light_run.root / "models", deployment.root / "models")
    up(deployment, API)
    pid, key = holder(deployment, "api"), client.read(deployment.root)["api_key"]

    def served() -> str | None:
        answer = httpx.get(f"{deployment.address('API_PORT')}/model/info", headers={"x-api-key": key})
        return cast("str | None", answer.json()["model"]["version"])

    assert served() is None
    Deliveries(deployment.state / "serving", {"7": light_run.root / "models"}).name(1, "7")
    wait_until(lambda: served() == "7")
    up(deployment, API)
    assert holder(deployment, "api") == pid
    assert (deployment.state / "api" / "journal.db").is_file()


def test_store_and_tracking_elsewhere_start_nothing_here(deploy: Deploy) -> None:
    deployment = deploy(AWS_ENDPOINT_URL_S3="https://s3.example.org")
    assert lifecycle.startable(deployment) == [MLFLOW, DELIVERY, API, MONITOR, PAGE]


def test_long_path_of_the_state_moves_the_socket_to_the_temporary_folder(clone: Path) -> None:
    configure.write(clone, {"LASTRO_STATE": "a" * 100})
    deployment = load(clone)
    assert len(os.fsencode(deployment.socket)) < 100
    assert clone not in deployment.socket.parents


def test_stop_leaves_nothing_in_the_temporary_folder(deploy: Deploy, clone: Path) -> None:
    configure.write(clone, {"LASTRO_STATE": "a" * 100})
    deployment = deploy()
    lifecycle.begin(deployment, [])
    assert deployment.socket.exists()
    lifecycle.stop(deployment)
    assert not deployment.socket.parent.exists()
