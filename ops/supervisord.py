"""services -> the configuration of this checkout's own supervisord, and the way to ask it (standard library only)"""

import contextlib
import hashlib
import http.client
import os
import shlex
import socket
import xmlrpc.client
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ops.deployment import ROOT, Deployment
from ops.services import Service

TIMEOUT = 20.0  # seconds for an answer


class _Connection(http.client.HTTPConnection):
    """HTTP over supervisord's socket file."""

    def __init__(self, path: Path) -> None:
        super().__init__("supervisord", timeout=TIMEOUT)
        self.path = str(path)

    def connect(self) -> None:
        """Open the socket file."""
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self.path)


@dataclass(frozen=True)
class Supervisord:
    """The running supervisord that listens on a socket file."""

    socket: Path

    def call(self, method: str, *arguments: object) -> Any:
        """Call a method of supervisord's documented XML-RPC interface; raises OSError where nobody listens."""
        body = xmlrpc.client.dumps(arguments, f"supervisor.{method}")  # type: ignore[arg-type]  # any marshallable
        with contextlib.closing(_Connection(self.socket)) as connection:
            connection.request("POST", "/RPC2", body, {"Content-Type": "text/xml"})
            [result], _ = xmlrpc.client.loads(connection.getresponse().read())
        return result


def ask(deployment: Deployment) -> Supervisord | None:
    """Return the supervisord of this checkout; None where it does not run."""
    found = Supervisord(deployment.socket)
    try:
        found.call("getState")
    except OSError:
        return None
    return found


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
        "autorestart": "true",
        "stopasgroup": "true",
        "killasgroup": "true",
    }


def _section(name: str, values: dict[str, object]) -> str:
    lines = (f"{key} = {value}".replace("%", "%%") for key, value in values.items())
    return "\n".join([f"[{name}]", *lines, ""])
