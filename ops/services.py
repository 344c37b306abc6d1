"""the services of this checkout: what each runs, listens on, and gets of the environment (standard library only)"""

import fnmatch
import hashlib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field

from ops import minio, ports
from ops.deployment import Deployment
from ops.errors import SetupError

EVERY_SERVICE = (
    "HOME",
    "USER",
    "LOGNAME",
    "LANG",
    "LC_*",
    "TZ",
    "TMPDIR",
    "*_CA_BUNDLE",
    "SSL_CERT_*",
    "*_PROXY",
    "*_proxy",
)
API_VARIABLES = (
    "LASTRO_API_KEYS",
    "LASTRO_USERS",
    "LASTRO_TOKEN_*",
    "LASTRO_*_LIMIT",
    "LASTRO_LIMIT_STORAGE",
    "LASTRO_DATABASE_*",
    "LASTRO_FEATURES_*",
    "LASTRO_TRUSTED_PROXIES",
    "LASTRO_CORS_ORIGINS",
    "LASTRO_METRICS_OPEN",
    "LASTRO_SHADOW",
    "LASTRO_CHALLENGER_SHARE",
    "LASTRO_MAX_*_BYTES",
    "LASTRO_BODY_TIMEOUT",
    "LASTRO_HEAD_TIMEOUT",
    "LASTRO_DRAIN_SECONDS",
    "LASTRO_LOG_LEVEL",
)
MONITOR_VARIABLES = ("LASTRO_DATABASE_*", "LASTRO_MONITOR_*", "LASTRO_SLACK_WEBHOOK_URL")
PAGE_VARIABLES = ("LASTRO_ENDPOINT", "LASTRO_API_KEY", "LASTRO_LOGIN")


@dataclass(frozen=True)
class Service:
    """One server: `command` of a deployment, answering 200 on `health` of the port that `port` names.

    What listens on no port is healthy when the file `health` of the state's folder is there. A service gets the
    variables whose names fit `variables`, and `settings`; nothing else of `.env`.
    """

    name: str
    title: str
    health: str
    command: Callable[[Deployment], list[str]]
    port: str = ""
    variables: tuple[str, ...] = ()
    settings: Callable[[Deployment], dict[str, str]] = field(default=lambda _: {})
    other_ports: tuple[str, ...] = ()
    needs_model: bool = False  # starts only after the pipeline
    loads: tuple[str, ...] = ()  # the project's files that it reads once: where one changes, it must start again
    patience: float = 180.0  # seconds until it must be healthy: a new container reads everything for the first time

    def healthy(self, deployment: Deployment) -> bool:
        """Say whether it does its work."""
        if not self.port:
            return (deployment.state / self.health).is_file()
        return ports.healthy(deployment.port(self.port), self.health)

    def address(self, deployment: Deployment) -> str:
        """Return where it answers; empty where it listens on no port."""
        return deployment.address(self.port) if self.port else ""

    def environment(self, deployment: Deployment) -> dict[str, str]:
        """Return the whole environment of this service."""
        whole = deployment.environment()
        names = (*EVERY_SERVICE, "PATH", "VIRTUAL_ENV", *self.variables)
        return {**_fitting(whole, names), **self.settings(deployment)}

    def configuration(self, deployment: Deployment) -> str:
        """Return all that this service runs with, of `.env` and of files: where it changes, it must start again."""
        mine = {**_fitting(deployment.values, self.variables), **self.settings(deployment)}
        files = sorted(path for pattern in self.loads for path in deployment.root.glob(pattern))
        loaded = [hashlib.sha256(path.read_bytes()).hexdigest() for path in files]
        return repr((self.command(deployment), sorted(mine.items()), loaded))


def _fitting(values: Mapping[str, str], names: tuple[str, ...]) -> dict[str, str]:
    return {name: value for name, value in values.items() if any(fnmatch.fnmatchcase(name, fit) for fit in names)}


def _minio(deployment: Deployment) -> list[str]:
    program = minio.find()
    if program is None:
        raise SetupError("There is no MinIO on this machine: `make run` builds it.")
    address, console = (f"{deployment.host}:{deployment.port(name)}" for name in ("MINIO_PORT", "MINIO_CONSOLE_PORT"))
    folders = [str(deployment.state / "minio"), "--certs-dir", str(deployment.state / "minio-certs")]
    return [str(program), "server", *folders, "--address", address, "--console-address", console, "--quiet"]


def _minio_settings(deployment: Deployment) -> dict[str, str]:
    user, password = (deployment.values[name] for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"))
    return {"MINIO_ROOT_USER": user, "MINIO_ROOT_PASSWORD": password, "MINIO_UPDATE": "off"}


def _mlflow(deployment: Deployment) -> list[str]:
    artifacts = (deployment.state / "mlflow" / "artifacts").resolve()
    address = ["--host", deployment.host, "--port", str(deployment.port("MLFLOW_PORT")), "--workers", "1"]
    return [str(deployment.venv / "bin" / "mlflow"), "server", *address, "--artifacts-destination", str(artifacts)]


def _mlflow_settings(_: Deployment) -> dict[str, str]:
    return {"MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false", "MLFLOW_DISABLE_TELEMETRY": "true"}


def _delivery(deployment: Deployment) -> list[str]:
    return [str(deployment.venv / "bin" / "python"), "-m", "src.lineage.delivery", "--follow"]


def _delivery_settings(deployment: Deployment) -> dict[str, str]:
    return {"LASTRO_STATE": str(deployment.state.resolve())}


def _api(deployment: Deployment) -> list[str]:
    address = ["--host", deployment.host, "--port", str(deployment.port("API_PORT"))]
    service = ["--factory", "src.api.main:create_app", "--http", "src.api.protocol:Connection"]
    logs = ["--no-access-log", "--no-proxy-headers"]
    return [str(deployment.venv / "bin" / "uvicorn"), *service, *address, *logs]


def _api_settings(deployment: Deployment) -> dict[str, str]:
    return {"LASTRO_STATE": str(deployment.state.resolve()), "LASTRO_MODELS": str(deployment.root / "models")}


def _monitor(deployment: Deployment) -> list[str]:
    return [str(deployment.venv / "bin" / "python"), "-m", "src.monitoring", "run", "--every"]


def _page(deployment: Deployment) -> list[str]:
    address = ["--server.address", deployment.host, "--server.port", str(deployment.port("PAGE_PORT"))]
    program = [str(deployment.venv / "bin" / "python"), "-m", "streamlit"]
    return [*program, "run", str(deployment.root / "src" / "frontend" / "app.py"), *address]


MINIO = Service(
    name="minio",
    title="MinIO, the S3 store",
    port="MINIO_PORT",
    health="/minio/health/ready",
    command=_minio,
    settings=_minio_settings,
    other_ports=("MINIO_CONSOLE_PORT",),
)
MLFLOW = Service(
    name="mlflow",
    title="MLflow, runs and models",
    port="MLFLOW_PORT",
    health="/health",
    command=_mlflow,
    variables=("AWS_*", "MLFLOW_S3_ENDPOINT_URL", "MLFLOW_BACKEND_STORE_URI"),
    settings=_mlflow_settings,
)
DELIVERY = Service(
    name="delivery",
    title="delivers published models",
    health="serving/serving.json",
    command=_delivery,
    variables=("AWS_*", "LASTRO_KEEP_VERSIONS"),
    settings=_delivery_settings,
    needs_model=True,
    loads=("src/*.py", "src/lineage/*.py", "src/serving/*.py", "src/model/*.py", "src/contract/*.py", ".dvc/config*"),
)
API = Service(
    name="api",
    title="the scoring API",
    port="API_PORT",
    health="/ready",
    command=_api,
    variables=API_VARIABLES,
    settings=_api_settings,
    needs_model=True,
    loads=(
        "src/*.py",
        "src/api/**/*.py",
        "src/journal/**/*.py",
        "src/serving/*.py",
        "src/model/*.py",
        "src/contract/*.py",
    ),
)
MONITOR = Service(
    name="monitor",
    title="watches what is scored",
    health="monitor/heartbeat",
    command=_monitor,
    variables=MONITOR_VARIABLES,
    settings=_api_settings,  # the same folders: where versions are delivered, where the log is
    needs_model=True,  # after the API, which makes the log
    loads=(
        "policy.yaml",
        "src/*.py",
        "src/monitoring/*.py",
        "src/document/*.py",
        "src/journal/*.py",
        "src/serving/*.py",
        "src/model/*.py",
        "src/contract/*.py",
        "src/lineage/policy.py",
    ),
)
PAGE = Service(
    name="page",
    title="the credit analyst's page",
    port="PAGE_PORT",
    health="/_stcore/health",
    command=_page,
    variables=PAGE_VARIABLES,
    needs_model=True,  # after the API, which it asks for everything
    loads=(
        "src/frontend/*.py",
        "src/frontend/locales/*/*/*.po",
        ".streamlit/config.toml",
        ".streamlit/secrets.toml",
    ),
)
SERVICES = (MINIO, MLFLOW, DELIVERY, API, MONITOR, PAGE)  # in the order of their start


def of(deployment: Deployment) -> list[Service]:
    """Return the services that run on this machine: a store or a tracking server elsewhere needs none here."""
    elsewhere = {MINIO.name: not deployment.local_store, MLFLOW.name: not deployment.local_tracking}
    return [service for service in SERVICES if not elsewhere.get(service.name, False)]


def installed(chosen: Iterable[Service]) -> list[Service]:
    """Return those whose program is here: MinIO's may still have to be built."""
    return [service for service in chosen if service is not MINIO or minio.find()]


def named(name: str) -> Service:
    """Return the service of this name."""
    return next(service for service in SERVICES if service.name == name)
