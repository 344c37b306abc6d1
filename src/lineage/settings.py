"""environment and .env -> where this deployment keeps its state and its runs"""

import contextlib
import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Self

from pydantic import Field, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

ROOT = Path(__file__).resolve().parents[2]

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
    """What differs between deployments; without any variable everything stays in the project's `var/`."""

    model_config = SettingsConfigDict(
        env_file=ROOT / ".env", extra="ignore", frozen=True, populate_by_name=True, env_ignore_empty=True
    )

    state: Path = Field(default=Path("var"), validation_alias="LASTRO_STATE")
    tracking_uri: str = Field(default="", validation_alias="MLFLOW_TRACKING_URI")

    @model_validator(mode="after")
    def _complete(self) -> Self:
        object.__setattr__(self, "state", ROOT / self.state)
        if not self.tracking_uri:
            object.__setattr__(self, "tracking_uri", f"sqlite:///{self.state / 'mlflow' / 'mlflow.db'}")
        return self

    @property
    def runs_folder(self) -> Path:
        """Where the artifacts of locally tracked runs are kept."""
        return self.state / "mlflow" / "artifacts"

    @property
    def database(self) -> Path | None:
        """The SQLite file behind `tracking_uri`; None where the runs are kept by a server or another database."""
        path = self.tracking_uri.removeprefix("sqlite:///")
        return ROOT / path if path != self.tracking_uri and path != ":memory:" else None


def quiet_tools() -> None:
    """Switch off the tools' telemetry and chatter, for this process and for those that it starts."""
    for name, value in QUIET.items():
        os.environ.setdefault(name, value)


@contextlib.contextmanager
def environment(variables: Mapping[str, str]) -> Iterator[None]:
    """Set variables for this process and those that it starts; afterwards all is as before."""
    before = {name: os.environ.get(name) for name in variables}
    os.environ.update(variables)
    try:
        yield
    finally:
        for name, value in before.items():
            os.environ.pop(name, None)
            if value is not None:
                os.environ[name] = value
