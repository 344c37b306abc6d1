"""The demonstration's services: on free ports, on its own log, and gone with the command"""

import hashlib
import subprocess
import sys
from pathlib import Path

import pytest

from ops.demo import api_command, free_port, page_command, settings, started, wait
from ops.deployment import Deployment
from ops.errors import SetupError
from ops.ports import taken


@pytest.fixture
def deployment(tmp_path: Path) -> Deployment:
    (tmp_path / "state" / "demo").mkdir(parents=True)
    return Deployment(tmp_path, Path(sys.prefix), {"LASTRO_STATE": "state"})


def test_without_its_log_the_command_is_a_sentence_that_names_the_one_before(deployment: Deployment) -> None:
    with pytest.raises(SetupError, match=r"demo/api/journal\.db: no such file: `make demo-monitoring` makes it"):
        settings(deployment, "k")


def test_api_reads_the_demonstrations_log_and_knows_one_key(deployment: Deployment) -> None:
    log = deployment.state / "demo" / "api" / "journal.db"
    log.parent.mkdir()
    log.touch()
    found = settings(deployment, "k")
    assert found["LASTRO_DATABASE_URL"] == f"sqlite:///{log}"
    assert found["LASTRO_API_KEYS"] == f"simulated:{hashlib.sha256(b'k').hexdigest()}"
    assert found["LASTRO_MODELS"] == str(deployment.root / "models")


def test_commands_listen_on_this_machine_alone_at_their_ports(deployment: Deployment) -> None:
    for command in (api_command(deployment, 1234), page_command(deployment, 1234)):
        assert {"127.0.0.1", "1234"} <= set(command)


def test_service_answers_while_the_block_runs_and_no_longer(deployment: Deployment) -> None:
    port = free_port()
    command = [sys.executable, "-m", "http.server", str(port), "--bind", "127.0.0.1"]
    with started(deployment, command, {}) as process:
        wait(process, {port: "/"})
        assert taken(port)
    assert process.returncode is not None
    assert not taken(port)


def test_service_that_ends_is_not_waited_for(deployment: Deployment) -> None:
    with started(deployment, [sys.executable, "-c", "pass"], {}) as process:
        assert isinstance(process, subprocess.Popen)
        with pytest.raises(SetupError, match="do not answer; the logs beside its database say why"):
            wait(process, {free_port(): "/"})
