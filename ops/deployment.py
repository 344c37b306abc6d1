""".env -> where everything of this checkout lives, listens and logs in (standard library only)"""

import hashlib
import os
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from ops.errors import SetupError

ROOT = Path(__file__).resolve().parents[1]
HOST = "127.0.0.1"  # where the services are reached from this machine
CONTAINERS_OWN = ("LASTRO_STATE", "LASTRO_HOST", "MLFLOW_TRACKING_URI")
PORTS = ("MINIO_PORT", "MINIO_CONSOLE_PORT", "MLFLOW_PORT", "API_PORT", "PAGE_PORT")
LONGEST_SOCKET_PATH = 90  # bytes: the systems allow 104 to 108, supervisord appends its pid for a moment


@dataclass(frozen=True)
class Deployment:
    """A checkout with its environment (`venv`) and the variables of its `.env`; empty ones are left out."""

    root: Path
    venv: Path
    values: Mapping[str, str]

    @property
    def state(self) -> Path:
        """Return the folder of everything that the services keep."""
        return self.root / self.values["LASTRO_STATE"]

    @property
    def local_store(self) -> bool:
        """Say whether S3 is a MinIO on this machine, not an endpoint elsewhere."""
        return is_local(self.values.get("AWS_ENDPOINT_URL_S3", ""))

    @property
    def local_tracking(self) -> bool:
        """Say whether MLflow's database is a file here, not a server elsewhere."""
        return self.values["MLFLOW_TRACKING_URI"].startswith("sqlite:")

    @property
    def socket(self) -> Path:
        """Return supervisord's socket: in the state's folder, or in the temporary one where that path is too long."""
        path = self.state / "run" / "supervisor.sock"
        if len(os.fsencode(path)) <= LONGEST_SOCKET_PATH:
            return path
        name = hashlib.sha256(os.fsencode(self.state)).hexdigest()[:12]
        return Path(tempfile.gettempdir()) / f"lastro-{os.getuid()}-{name}" / "supervisor.sock"

    @property
    def host(self) -> str:
        """Return the address that the services listen on."""
        return self.values.get("LASTRO_HOST", HOST)

    def port(self, variable: str) -> int:
        """Return the port that a variable names; raises SetupError where it is none."""
        text = self.values[variable]
        if not (text.isascii() and text.isdigit() and 0 < int(text) < 65536):
            raise SetupError(f"{variable}={text} in .env is not a port: write a number from 1 to 65535.")
        return int(text)

    def address(self, variable: str) -> str:
        """Return the http address of the service on the port that a variable names."""
        return f"http://{HOST}:{self.port(variable)}"

    def environment(self) -> dict[str, str]:
        """Return what a command of this checkout runs with: the environment first on PATH, then `.env`'s variables."""
        path = os.pathsep.join((str(self.venv / "bin"), os.environ.get("PATH", os.defpath)))
        inherited = {name: value for name, value in os.environ.items() if not self._foreign(name)}
        no_proxy = ",".join(filter(None, (os.environ.get("NO_PROXY") or os.environ.get("no_proxy"), HOST, "localhost")))
        here = {"PATH": path, "VIRTUAL_ENV": str(self.venv), "NO_PROXY": no_proxy, "no_proxy": no_proxy}
        return {**inherited, **self.values, **here}

    def _foreign(self, name: str) -> bool:
        """Say whether an inherited variable would do harm: another store's session beside this one's credentials."""
        session = name.startswith("AWS_") and name != "AWS_CA_BUNDLE" and self.local_store
        return session or name == "PYTHONDONTWRITEBYTECODE"


def load(root: Path = ROOT) -> Deployment:
    """Return the deployment that `.env` describes; what it leaves out is as in `.env.example`."""
    values = {**parse(root / ".env.example"), **parse(root / ".env"), **own(os.environ)}
    given = {name: value for name, value in values.items() if value}
    return Deployment(root, root / os.environ.get("VENV", ".venv"), {**given, **tracking(root, values)})


def own(environment: Mapping[str, str]) -> dict[str, str]:
    """Return what a container says of itself, whatever the `.env` says that it shares with its host."""
    names = CONTAINERS_OWN if environment.get("LASTRO_CONTAINER") == "true" else ()
    return {name: environment[name] for name in names if environment.get(name)}


def tracking(root: Path, values: Mapping[str, str]) -> dict[str, str]:
    """Return MLflow's two addresses: as the user gave them, else the SQLite file in the state's folder."""
    file = root / values["LASTRO_STATE"] / "mlflow" / "mlflow.db"
    if not str(file).isprintable() or set(str(file)) & set(" '\"$\\#%?"):
        file = Path(os.path.relpath(file, root))  # .env cannot hold such a path; commands run in the root
    uri = values.get("MLFLOW_TRACKING_URI", "")
    ours = not uri or (uri.startswith("sqlite:///") and uri.endswith("/mlflow/mlflow.db"))
    uri = f"sqlite:///{file}" if ours else uri
    return {"MLFLOW_TRACKING_URI": uri, "MLFLOW_BACKEND_STORE_URI": uri}


def parse(path: Path) -> dict[str, str]:
    """Return the variables of a `.env` file, none where there is no such file."""
    lines = path.read_text().splitlines() if path.is_file() else []
    pairs = (line.partition("=") for line in lines if "=" in line and not line.lstrip().startswith("#"))
    return {name.strip(): value.strip() for name, _, value in pairs}


def is_local(endpoint: str) -> bool:
    """Say whether an endpoint is on this machine; no endpoint is."""
    return not endpoint or urlsplit(endpoint).hostname in {HOST, "localhost", "::1"}
