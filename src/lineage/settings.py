"""environment and .env -> where this deployment keeps its state and its runs"""

import contextlib
import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Self

from pydantic import Field, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from src import git

ROOT = Path(__file__).resolve().parents[2]
SQLITE = "sqlite:///"
EXPERIMENTS = (".dvc", "tmp", "exps")  # `dvc exp run --temp` and `dvc queue` run in a folder below, then remove it

# What the tools read when they are imported; a value that already stands in the environment is kept.
QUIET = {
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "MLFLOW_LOGGING_LEVEL": "WARNING",
    "MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT": "true",
    "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false",
    "MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR": "false",
    "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "2",  # MLflow's own seven take four minutes to say that a server is gone
    "MPLBACKEND": "Agg",  # autologging draws to files; no window, no display
}


class Settings(BaseSettings):
    """What differs between deployments; without any variable everything stays in the `var/` of the project's home."""

    model_config = SettingsConfigDict(extra="ignore", frozen=True, populate_by_name=True, env_ignore_empty=True)

    state: Path = Field(default=Path("var"), validation_alias="LASTRO_STATE")
    tracking_uri: str = Field(default="", validation_alias="MLFLOW_TRACKING_URI")
    serving: Path = Field(default=Path("serving"), validation_alias="LASTRO_SERVING")
    keep_versions: int = Field(default=3, ge=0, le=100, validation_alias="LASTRO_KEEP_VERSIONS")

    @model_validator(mode="after")
    def _complete(self) -> Self:
        here = home(ROOT)
        object.__setattr__(self, "state", here / self.state)
        given = "serving" in self.model_fields_set
        object.__setattr__(self, "serving", (here if given else self.state) / self.serving)
        uri = self.tracking_uri or f"{SQLITE}{self.state / 'mlflow' / 'mlflow.db'}"
        file = uri.removeprefix(SQLITE)
        if file not in (uri, ":memory:"):
            uri = f"{SQLITE}{_in_an_address(here / file)}"
        object.__setattr__(self, "tracking_uri", uri)
        return self

    @property
    def runs_folder(self) -> Path:
        """Return the folder of local artifacts: beside the SQLite file, wherever the process runs that writes there."""
        return (self.database.parent if self.database else self.state / "mlflow") / "artifacts"

    @property
    def database(self) -> Path | None:
        """Return the SQLite file behind `tracking_uri`; None where a server or another database keeps the runs."""
        path = self.tracking_uri.removeprefix(SQLITE)
        return Path(path).absolute() if path not in (self.tracking_uri, ":memory:") else None


def read_settings() -> Settings:
    """Return the settings of the environment and of the `.env` in the project's home."""
    return Settings(_env_file=home(ROOT) / ".env")


def home(root: Path) -> Path:
    """Return the project's lasting folder, which holds `.env` and the state, for a copy in which code runs.

    DVC's temporary workspaces belong to the project that holds them. A Git worktree belongs to the main one, unless it
    was set up for itself. Any other folder is its own home.
    """
    parts = root.parts
    for place in range(len(parts) - len(EXPERIMENTS)):
        if parts[place : place + len(EXPERIMENTS)] == EXPERIMENTS:
            root = Path(*parts[:place])
            break
    return root if (root / ".env").is_file() else git.main_worktree(root)


def _in_an_address(file: Path) -> str:
    """Write a file for MLflow, absolute, since it takes a relative one from where it runs; `%` and `?` it misreads."""
    return os.path.relpath(file) if set("%?") & set(str(file)) else str(file)


def quiet_tools() -> None:
    """Switch off the tools' telemetry and chatter, for this process and for those that it starts."""
    for name, value in QUIET.items():
        os.environ.setdefault(name, value)


@contextlib.contextmanager
def environment(variables: Mapping[str, str | None]) -> Iterator[None]:
    """Set variables, or unset those that are None, for this process and those it starts; put all back afterwards."""
    before = {name: os.environ.get(name) for name in variables}
    _put(variables)
    try:
        yield
    finally:
        _put(before)


def _put(variables: Mapping[str, str | None]) -> None:
    for name, value in variables.items():
        os.environ.pop(name, None)
        if value is not None:
            os.environ[name] = value
