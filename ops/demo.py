"""`python -m ops.demo`: the demonstration's log -> an API and a page in front of it, on free ports, until Ctrl-C

Needs `python -m src.monitoring demo` before (standard library only).
"""

import contextlib
import hashlib
import os
import secrets
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from time import monotonic, sleep

from ops import ports
from ops.deployment import HOST, Deployment, load
from ops.errors import SetupError, run

FOLDER = "demo"  # of the state
PATIENCE = 90.0  # seconds until both answer


def main() -> None:
    """Start both, say where the page is, and end both with this process."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    deployment = load()
    key, api, page = secrets.token_hex(32), free_port(), free_port()
    asking = {"LASTRO_ENDPOINT": f"http://{HOST}:{api}", "LASTRO_API_KEY": key, "LASTRO_LOGIN": "false"}
    with (
        contextlib.suppress(KeyboardInterrupt),
        started(deployment, api_command(deployment, api), settings(deployment, key)),
        started(deployment, page_command(deployment, page), asking) as last,
    ):
        wait(last, {api: "/ready", page: "/_stcore/health"})
        print(f"The page, of simulated traffic: http://localhost:{page}/monitoring (Ctrl-C ends it)", flush=True)
        last.wait()


def settings(deployment: Deployment, key: str) -> dict[str, str]:
    """Return the variables of an API whose log is the demonstration's; raises SetupError where there is none."""
    state = (deployment.state / FOLDER).resolve()
    log = state / "api" / "journal.db"
    if not log.is_file():
        raise SetupError(f"{log}: no such file: `make demo-monitoring` makes it.")
    return {
        "LASTRO_STATE": str(state),
        "LASTRO_DATABASE_URL": f"sqlite:///{log}",
        "LASTRO_SERVING": str(state / "serving"),
        "LASTRO_MODELS": str(deployment.root / "models"),
        "LASTRO_API_KEYS": f"simulated:{hashlib.sha256(key.encode()).hexdigest()}",
    }


def free_port() -> int:
    """Return a port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        port: int = probe.getsockname()[1]
        return port


def api_command(deployment: Deployment, port: int) -> list[str]:
    """Return the command that serves the API."""
    words = ["--factory", "src.api.main:create_app", "--http", "src.api.protocol:Connection", "--no-access-log"]
    program = str(deployment.venv / "bin" / "uvicorn")
    return [program, *words, "--host", HOST, "--port", str(port), "--log-level", "warning"]


def page_command(deployment: Deployment, port: int) -> list[str]:
    """Return the command that serves the page."""
    words = ["-m", "streamlit", "run", str(deployment.root / "src" / "frontend" / "app.py")]
    return [str(deployment.venv / "bin" / "python"), *words, "--server.address", HOST, "--server.port", str(port)]


@contextlib.contextmanager
def started(deployment: Deployment, command: list[str], variables: dict[str, str]) -> Iterator[subprocess.Popen[bytes]]:
    """Run a service while the block runs; what it says goes to a file of the demonstration's state."""
    path = deployment.state / FOLDER / f"{command[0].rpartition('/')[2]}.log"
    with path.open("wb") as log:
        process = subprocess.Popen(
            command, cwd=deployment.root, env={**os.environ, **variables}, stdout=log, stderr=log
        )
        try:
            yield process
        finally:
            process.terminate()
            process.wait()


def wait(process: subprocess.Popen[bytes], asked: dict[int, str]) -> None:
    """Wait until every port answers its path; raises SetupError where one does not."""
    deadline = monotonic() + PATIENCE
    while not all(ports.healthy(port, path) for port, path in asked.items()):
        if monotonic() > deadline or process.poll() is not None:
            raise SetupError("The demonstration's services do not answer; the logs beside its database say why.")
        sleep(0.3)


if __name__ == "__main__":
    run(main)
