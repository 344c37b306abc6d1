"""environment and .env (LASTRO_STATE, LASTRO_DATABASE_*) -> where the prediction log is

Whoever reads or writes the log begins here: the API, whose settings add its own, and commands that are no service.
`.env` is the project's, and a path that is not absolute is relative to the project, whatever folder a command runs in.
"""

from pathlib import Path
from typing import TypeVar

from pydantic import Field, SecretStr, ValidationError, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError

from src.errors import LastroError

ROOT = Path(__file__).resolve().parents[2]
DATABASES = ("sqlite", "postgresql")


class Settings(BaseSettings):
    """The log's address and how long it is waited for; without any variable it is a file in the project's `var/`."""

    model_config = SettingsConfigDict(
        env_prefix="LASTRO_", env_file=ROOT / ".env", env_ignore_empty=True, extra="ignore", frozen=True
    )

    state: Path = Field(Path("var"), description="folder of what the services write")
    database_url: SecretStr | None = Field(None, description="the prediction log; if unset, SQLite in `state`")
    database_timeout: float = Field(2.0, gt=0, description="seconds to wait for a lock or a server, then 503")

    @field_validator("state")
    @classmethod
    def from_root(cls, value: Path) -> Path:
        """Return the path, a relative one below the project's root."""
        return ROOT / value

    @field_validator("database_url")
    @classmethod
    def known_database(cls, value: SecretStr | None) -> SecretStr | None:
        """Return the address, a relative file below the project's root; refuse what names no database of ours."""
        if value is None:
            return None
        try:
            url = make_url(value.get_secret_value())
        except ArgumentError:
            raise ValueError("is no address such as postgresql://USER:PASSWORD@HOST/DATABASE") from None
        if url.get_backend_name() not in DATABASES or not url.database:
            raise ValueError("names a SQLite file (sqlite:///FILE) or a PostgreSQL database")
        return value if url.get_backend_name() != "sqlite" else SecretStr(f"sqlite:///{ROOT / url.database}")

    @property
    def journal_url(self) -> str:
        """Return the log's address."""
        return self.database_url.get_secret_value() if self.database_url else f"sqlite:///{self.state}/api/journal.db"


Kind = TypeVar("Kind", bound=Settings)


def read_as(kind: type[Kind]) -> Kind:
    """Return a room's settings; raises LastroError with a sentence a variable, never its value, it may be a secret."""
    try:
        return kind()
    except ValidationError as error:
        problems = error.errors(include_url=False, include_input=False, include_context=False)
        told = ((f"LASTRO_{'_'.join(map(str, one['loc'][:1]))}".upper(), one["msg"]) for one in problems)
        raise LastroError("\n".join(f"{name}: {says.removeprefix('Value error, ')}" for name, says in told)) from None
