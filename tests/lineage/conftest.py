"""A real MinIO on free ports with its own data, and small DVC projects with a real scikit-learn model"""

import contextlib
import os
import signal
import socket
import subprocess
import time
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from ops.minio import find_or_build

USER, PASSWORD = "lineage-tests", "a-password-of-these-tests"


def free_port() -> int:
    """Return a port that nothing listens on."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


@dataclass
class Minio:
    """One server; it can be stopped, killed and started again on the same data."""

    data: Path
    program: Path
    port: int = field(default_factory=free_port)
    password: str = PASSWORD
    process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        """Where S3 answers."""
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> None:
        """Start and wait until it is ready."""
        environment = {"PATH": os.environ["PATH"], "HOME": str(self.data.parent), "MINIO_UPDATE": "off"}
        keys = {"MINIO_ROOT_USER": USER, "MINIO_ROOT_PASSWORD": self.password}
        addresses = ["--address", f"127.0.0.1:{self.port}", "--console-address", f"127.0.0.1:{free_port()}"]
        command = [str(self.program), "server", str(self.data), *addresses, "--quiet"]
        self.process = subprocess.Popen(command, env=environment | keys, stdout=subprocess.DEVNULL)
        deadline = time.monotonic() + 30
        while time.monotonic() < deadline:
            with contextlib.suppress(OSError), urllib.request.urlopen(f"{self.url}/minio/health/ready") as answer:
                if answer.status == 200:
                    return
            time.sleep(0.05)
        raise TimeoutError("MinIO is not ready after 30 s")

    def stop(self, sign: signal.Signals = signal.SIGTERM) -> None:
        """Stop it as a user would, or with -9."""
        if self.process:
            self.process.send_signal(sign)
            self.process.wait()
            self.process = None


@pytest.fixture(scope="session")
def minio_program() -> Path:
    """The server program, built once a machine."""
    return find_or_build()


@pytest.fixture(scope="session")
def minio(minio_program: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Minio]:
    """A server for all tests that leave it running."""
    server = Minio(tmp_path_factory.mktemp("minio") / "data", minio_program)
    server.start()
    yield server
    server.stop()


@pytest.fixture
def own_minio(minio_program: Path, tmp_path: Path) -> Iterator[Minio]:
    """A server for one test, which may stop it."""
    server = Minio(tmp_path / "minio" / "data", minio_program)
    server.start()
    yield server
    server.stop(signal.SIGKILL)
