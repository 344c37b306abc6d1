"""environment (LASTRO_*) -> what differs between deployments of the service"""

from ipaddress import ip_network
from pathlib import Path
from typing import Annotated, Any

from limits import parse
from pydantic import AliasChoices, Field, SecretStr, field_validator
from pydantic_settings import NoDecode

from src.journal import settings as journal

Names = Annotated[tuple[str, ...], NoDecode]
Keys = Annotated[dict[str, str], NoDecode]


def split(value: Any) -> Any:
    """Return ("a", "b") for `a,b`; anything that is no text is left to pydantic."""
    return tuple(part.strip() for part in value.split(",") if part.strip()) if isinstance(value, str) else value


class Settings(journal.Settings):
    """What a deployment decides, beside the prediction log's place; the only reader of the environment in this package.

    `.env` and paths are the project's, as the log's settings have them.
    """

    api_keys: Keys = Field(
        {}, description="`name:hex,…`; hex is the SHA-256 of a key made by `python -m src.api.security`; at least one"
    )
    rate_limit: str = Field("600/minute", description="requests of one key")
    failed_key_limit: str = Field("30/minute", description="wrong or missing keys from one address")
    open_limit: str = Field("60/minute", description="documentation pages read from one address")
    limit_storage: SecretStr = Field(
        SecretStr("memory://"), description="memory:// counts per worker, redis://… for all workers together"
    )
    trusted_proxies: Names = Field((), description="addresses or networks whose X-Forwarded-For is believed")
    metrics_open: bool = Field(False, description="/metrics without a key")
    multiprocess_metrics: Path | None = Field(
        None,
        validation_alias=AliasChoices("multiprocess_metrics", "PROMETHEUS_MULTIPROC_DIR"),
        description="folder in which several workers share their metrics (read by the Prometheus client too)",
    )
    cors_origins: Names = Field((), description="origins whose pages may call the service; none by default")
    models: Path = Field(Path("models"), description="folder of the model that is served")
    max_body_bytes: int = Field(2 * 2**20, gt=0, description="largest request body")
    body_timeout: float = Field(10.0, gt=0, description="seconds that a body may take")
    max_head_bytes: int = Field(2**15, gt=0, description="largest request head: address and headers")
    head_timeout: float = Field(10.0, gt=0, description="seconds that a request's head may take")
    log_level: str = Field("INFO", pattern="^(DEBUG|INFO|WARNING|ERROR)$")

    @field_validator("api_keys", mode="before")
    @classmethod
    def keys(cls, value: Any) -> Any:
        """Return {name: hex} for `name:hex,name:hex`; say which entry is wrong by its place, never by its text."""
        if not isinstance(value, str):
            return value
        entries = [entry.partition(":") for entry in split(value)]
        return {name: digest for name, _, digest in entries}

    @field_validator("api_keys")
    @classmethod
    def digests(cls, value: dict[str, str]) -> dict[str, str]:
        """Refuse an empty list of keys, an empty name and a digest that is no SHA-256."""
        if not value:
            raise ValueError("no key: make one with `python -m src.api.security new NAME`")
        for place, (name, digest) in enumerate(value.items(), start=1):
            if not name or len(digest) != 64 or set(digest.lower()) - set("0123456789abcdef"):
                raise ValueError(f"entry {place} is not `name:` followed by the 64 hex digits of a SHA-256")
        return {name: digest.lower() for name, digest in value.items()}

    @field_validator("models")
    @classmethod
    def models_from_root(cls, value: Path) -> Path:
        """Return the folder, a relative one below the project's root."""
        return journal.ROOT / value

    @field_validator("trusted_proxies", "cors_origins", mode="before")
    @classmethod
    def lists(cls, value: Any) -> Any:
        """Return ("a", "b") for `a,b`."""
        return split(value)

    @field_validator("trusted_proxies")
    @classmethod
    def networks(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        """Refuse what is neither an address nor a network."""
        for network in value:
            ip_network(network)
        return value

    @field_validator("rate_limit", "failed_key_limit", "open_limit")
    @classmethod
    def limits(cls, value: str) -> str:
        """Refuse what is not in slowapi's words, such as `600/minute`."""
        parse(value)
        return value
