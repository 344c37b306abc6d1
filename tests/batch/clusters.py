"""A real Dask scheduler and real worker processes, over TLS with certificates of this test's own, or plain"""

import datetime
import os
import shutil
import signal
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from tests.conftest import ROOT
from tests.ports import free_port, listens, wait_until

KIND = "DASK_DISTRIBUTED__COMM__TLS__"


def certificates(folder: Path, name: str) -> dict[str, str]:
    """Make an authority with one certificate; return Dask's variables for it."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = datetime.datetime.now(datetime.UTC)
    certificate = (
        x509.CertificateBuilder(subject, subject, key.public_key(), x509.random_serial_number())
        .not_valid_before(now)
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    of_key = (serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    (folder / f"{name}.key").write_bytes(key.private_bytes(*of_key))
    (folder / f"{name}.pem").write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    (folder / f"{name}.key").chmod(0o600)
    sides = [f"{side}__{kind}" for side in ("SCHEDULER", "WORKER", "CLIENT") for kind in ("CERT", "KEY")]
    files = {f"{KIND}{side}": str(folder / f"{name}{'.pem' if side.endswith('CERT') else '.key'}") for side in sides}
    return {f"{KIND}CA_FILE": str(folder / f"{name}.pem"), **files}


@dataclass
class Cluster:
    """A scheduler, and workers of one thread each that run the code of `root`."""

    folder: Path
    env: dict[str, str]
    protocol: str
    root: Path = ROOT
    port: int = field(default_factory=free_port)
    processes: list[subprocess.Popen[bytes]] = field(default_factory=list)

    @property
    def address(self) -> str:
        """Where the scheduler listens."""
        return f"{self.protocol}://127.0.0.1:{self.port}"

    def start(self, workers: int) -> None:
        """Start all and wait for the scheduler; workers come when they come."""
        self._dask("scheduler", "--host", f"{self.protocol}://127.0.0.1", "--port", str(self.port))
        wait_until(lambda: listens(self.port))
        for _ in range(workers):
            self.add()

    def add(self) -> subprocess.Popen[bytes]:
        """Start a worker."""
        files = ("--local-directory", str(self.folder / str(len(self.processes))))
        return self._dask("worker", self.address, "--nthreads", "1", "--no-nanny", *files)

    def stop(self) -> None:
        """Stop all."""
        for process in self.processes:
            process.send_signal(signal.SIGKILL)
            process.wait()
        shutil.rmtree(self.folder, ignore_errors=True)

    def _dask(self, *words: str) -> subprocess.Popen[bytes]:
        command = [sys.executable, "-m", "dask", *words, "--no-dashboard"]
        self.folder.mkdir(parents=True, exist_ok=True)
        with (self.folder / "said").open("ab") as said:
            env = os.environ | self.env
            self.processes.append(subprocess.Popen(command, cwd=self.root, env=env, stdout=said, stderr=said))
        return self.processes[-1]
