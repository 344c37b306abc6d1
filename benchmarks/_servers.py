"""a command -> a server on a free port of the loopback: its first answer, its memory, its end"""

import contextlib
import http.client
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path

from benchmarks._load import Load

ROOT = Path(__file__).resolve().parents[1]
PATIENCE = 90.0  # seconds until a server must answer
OURS = ("LASTRO_", "MLFLOW_", "AWS_", "PYTHONDONTWRITEBYTECODE")
UVICORN = ["-m", "uvicorn", "--no-access-log", "--no-proxy-headers", "--no-server-header", "--log-level", "warning"]


@dataclass
class Server:
    """A command that ends with the port, its variables, and the process."""

    command: list[str]
    env: dict[str, str] = field(default_factory=dict)
    port: int = 0
    log: Path = Path(os.devnull)
    process: subprocess.Popen[bytes] | None = None

    def start(self, log: Path) -> None:
        """Start it on a port that nothing listens on."""
        self.log = log
        with socket.socket() as listener:
            listener.bind(("127.0.0.1", 0))
            self.port = listener.getsockname()[1]
        kept = {name: value for name, value in os.environ.items() if not name.startswith(OURS)}
        path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
        with log.open("ab") as output:
            self.process = subprocess.Popen(
                [*self.command, str(self.port)],
                cwd=ROOT,
                env=kept | {"PATH": path} | self.env,
                stdout=output,
                stderr=output,
            )

    def wait(self, load: Load) -> None:
        """Return when it has answered one request by 200."""
        line = load.bodies.read_bytes().partition(b"\n")[0]
        body = None if load.method == "GET" or "{}" in load.path else line
        headers = {"content-type": "application/json", load.header: load.key}
        end = time.monotonic() + PATIENCE
        while time.monotonic() < end and self.process is not None and self.process.poll() is None:
            connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE)
            try:
                connection.request(load.method, load.path.replace("{}", line.decode()), body, headers)
                answer = connection.getresponse()
                if answer.status != 200:
                    raise SystemExit(f"{self.command}: {answer.status} {answer.read().decode()}")
                return
            except OSError:
                time.sleep(0.005)
            finally:
                connection.close()
        raise SystemExit(f"{self.command}: no answer; its log is {self.log}")

    def memory(self) -> float:
        """Resident MB of the process and its children."""
        return 0.0 if self.process is None else resident(self.process.pid)

    def seconds(self) -> float:
        """Seconds of the processors that the process and its children have taken."""
        return 0.0 if self.process is None else taken(self.process.pid)

    def stop(self) -> None:
        """End it."""
        if self.process is not None:
            self.process.terminate()
            self.process.wait(30)


def family(pid: int) -> Iterator[Path]:
    """Yield /proc's folder of a process and of all below it."""
    waiting = [pid]
    while waiting:
        process = Path(f"/proc/{waiting.pop()}")
        with contextlib.suppress(OSError):
            for task in (process / "task").iterdir():
                waiting += [int(child) for child in (task / "children").read_text().split()]
            yield process


def resident(pid: int) -> float:
    """Return how many MiB a process and all below it hold; what has just ended holds none."""
    total = 0
    for process in family(pid):
        with contextlib.suppress(OSError, KeyError):
            fields = dict(line.split(":", 1) for line in (process / "status").read_text().splitlines())
            total += int(fields["VmRSS"].split()[0])
    return total / 1024


def taken(pid: int) -> float:
    """Return the seconds of the processors that a process and all below it have taken."""
    total = 0
    for process in family(pid):
        with contextlib.suppress(OSError):
            fields = (process / "stat").read_text().rpartition(")")[2].split()
            total += int(fields[11]) + int(fields[12])
    return total / os.sysconf("SC_CLK_TCK")


def empty() -> Server:
    """FastAPI with one endpoint that does nothing."""
    return Server([sys.executable, *UVICORN, "benchmarks._empty:app", "--port"])


def service(models: Path, state: Path, key: str, factory: str | None = None, workers: int = 1, **more: str) -> Server:
    """The whole service, its log in `state`; of another factory where one is named, with more variables."""
    env = {
        "LASTRO_API_KEYS": f"other:{sha256(b'other').hexdigest()},benchmark:{sha256(key.encode()).hexdigest()}",
        "LASTRO_RATE_LIMIT": "100000000/minute",
        "LASTRO_STATE": str(state),
        "LASTRO_MODELS": str(models),
        **more,
    }
    app = ["--factory", "src.api.main:create_app", "--http", "src.api.protocol:Connection"]
    app[1] = factory or app[1]
    return Server([sys.executable, *UVICORN, *app, "--workers", str(workers), "--port"], env)


def page(endpoint: str, key: str) -> Server:
    """The analyst's page in front of an API."""
    command = ["-m", "streamlit", "run", "src/frontend/app.py", "--server.address", "127.0.0.1", "--server.port"]
    return Server([sys.executable, *command], {"LASTRO_ENDPOINT": endpoint, "LASTRO_API_KEY": key})


def mlflow_serve(model: Path) -> Server:
    """MLflow's own server of the model as it is published."""
    command = ["mlflow", "models", "serve", "-m", str(model), "--env-manager", "local", "--workers", "1", "--port"]
    return Server(command, {"MLFLOW_DISABLE_TELEMETRY": "true"})
