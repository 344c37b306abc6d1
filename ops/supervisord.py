"""services -> the configuration of this checkout's own supervisord, and the way to ask it (standard library only)"""

import hashlib
import http.client
import os
import shlex
import socket
import xmlrpc.client
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from ops.deployment import ROOT, Deployment
from ops.services import Service

TIMEOUT = 20.0  # seconds for an answer


class _Connection(http.client.HTTPConnection):
    """HTTP over supervisord's socket file, whose path is the host's name."""

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(TIMEOUT)
        self.sock.connect(self.path)

    path = ""


class _Transport(xmlrpc.client.Transport):
    def __init__(self, path: Path) -> None:
        super().__init__()
        self.path = str(path)

    def make_connection(self, host: object) -> http.client.HTTPConnection:  # noqa: ARG002
        connection = _Connection("supervisord")
        connection.path = self.path
        return connection


def ask(deployment: Deployment) -> Any:
    """Return supervisord's XML-RPC interface; None where none runs for this checkout."""
    server: Any = xmlrpc.client.ServerProxy("http://supervisord", transport=_Transport(deployment.socket))
    try:
        server.supervisor.getState()
    except OSError:
        return None
    return server.supervisor


def log_path(deployment: Deployment, name: str) -> Path:
    """Return the file that gets all that a service says."""
    return deployment.state / "log" / f"{name}.log"


def render(deployment: Deployment, services: Iterable[Service]) -> str:
    """Return supervisord's configuration; it holds no secrets, only the digest by which a change is seen."""
    run = deployment.state / "run"
    head: dict[str, dict[str, object]] = {
        "unix_http_server": {"file": deployment.socket, "chmod": "0700"},
        "rpcinterface:supervisor": {
            "supervisor.rpcinterface_factory": "supervisor.rpcinterface:make_main_rpcinterface"
        },
        "supervisord": {
            "logfile": log_path(deployment, "supervisord"),
            "pidfile": run / "supervisord.pid",
            "directory": ROOT,
            "identifier": "lastro",
            **({"user": "root"} if os.getuid() == 0 else {}),
        },
    }
    programs = {f"program:{service.name}": _program(deployment, service) for service in services}
    return "\n".join(_section(name, values) for name, values in {**head, **programs}.items())


def _program(deployment: Deployment, service: Service) -> dict[str, object]:
    python = str(deployment.venv / "bin" / "python")
    digest = hashlib.sha256(service.configuration(deployment).encode()).hexdigest()
    return {
        "command": shlex.join([python, "-m", "ops.launch", str(deployment.root), service.name]),
        "environment": f'LASTRO_CONFIGURATION="{digest}"',
        "stdout_logfile": log_path(deployment, service.name),
        "stdout_logfile_maxbytes": "10MB",
        "stdout_logfile_backups": 1,
        "startretries": 1,
        "redirect_stderr": "true",
        "autostart": "false",
        "stopasgroup": "true",
        "killasgroup": "true",
    }


def _section(name: str, values: dict[str, object]) -> str:
    lines = (f"{key} = {value}".replace("%", "%%") for key, value in values.items())
    return "\n".join([f"[{name}]", *lines, ""])
