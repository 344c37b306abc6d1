"""environment (LASTRO_*) -> what differs between deployments of the service"""

from ipaddress import ip_network
from pathlib import Path
from typing import Annotated, Any

from limits import parse
from pydantic import AliasChoices, Field, SecretStr, ValidationInfo, field_validator
from pydantic_settings import NoDecode

from src.api import entries
from src.feature_store import settings as features
from src.journal import settings as journal

Names = Annotated[tuple[str, ...], NoDecode]
Keys = Annotated[dict[str, entries.Key], NoDecode]
Users = Annotated[dict[str, entries.User], NoDecode]
TokenKeys = Annotated[dict[str, str], NoDecode]
READERS = {"api_keys": entries.keys, "users": entries.users, "token_keys": entries.token_keys}


class Settings(features.Settings):
    """What a deployment decides, beside the places of log and features; the only reader of the environment here.

    `.env` and paths are the project's, as the log's settings have them.
    """

    api_keys: Keys = Field(
        {},
        description="`name:hex[:scopes],…`; hex is the SHA-256 of a key of `python -m src.api.security`; at least one",
    )
    users: Users = Field({}, repr=False, description="`name:n.r.p.salt.hash:scopes,…`: who may log in by a password")
    token_keys: TokenKeys = Field({}, repr=False, description="`name:key,…`; the first signs users' tokens, all verify")
    token_minutes: int = Field(15, gt=0, le=1440, description="how long a token is good")
    rate_limit: str = Field("600/minute", description="requests of one key, or one user")
    failed_key_limit: str = Field(
        "30/minute",
        description="wrong keys, tokens and passwords from one address; wrong passwords of a name",
    )
    open_limit: str = Field("60/minute", description="documentation pages and logins from one address")
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
    models: Path = Field(Path("models"), description="folder of the model that is served where nothing is delivered")
    serving: Path | None = Field(
        None, description="folder to which versions are delivered; if unset, `serving` in `state`"
    )
    git_commit: str = Field(
        "", pattern=r"^([0-9a-f]{40}(-dirty)?)?$", description="an image's commit; empty: that of the checkout"
    )
    shadow: bool = Field(False, description="the challenger scores the champion's applicants too, into the log")
    challenger_share: float = Field(
        0.0,
        ge=0,
        le=1,
        description="share of applicants whom the challenger answers, 0 to 1, drawn by the prediction's id",
    )
    max_body_bytes: int = Field(2 * 2**20, gt=0, description="largest request body")
    body_timeout: float = Field(10.0, gt=0, description="seconds that a body may take")
    max_head_bytes: int = Field(2**15, gt=0, description="largest request head: address and headers")
    head_timeout: float = Field(10.0, gt=0, description="seconds that a request's head may take")
    drain_seconds: float = Field(
        0.0,
        ge=0,
        le=600,
        description="seconds for which it still answers after SIGTERM, each connection one last time, before it ends",
    )
    log_level: str = Field("INFO", pattern="^(DEBUG|INFO|WARNING|ERROR)$", description="DEBUG, INFO, WARNING or ERROR")

    @field_validator("api_keys", "users", "token_keys", mode="before")
    @classmethod
    def named(cls, value: Any, info: ValidationInfo) -> Any:
        """Return {name: entry} for `name:entry,name:entry`; an error says an entry's place, never its text."""
        return READERS[str(info.field_name)](value) if isinstance(value, str) else value

    @field_validator("api_keys")
    @classmethod
    def some_key(cls, value: dict[str, entries.Key]) -> dict[str, entries.Key]:
        """Refuse an empty list of keys."""
        if not value:
            raise ValueError("no key: make one with `python -m src.api.security new NAME`")
        return value

    @field_validator("token_keys")
    @classmethod
    def some_token_key(cls, value: dict[str, str], info: ValidationInfo) -> dict[str, str]:
        """Refuse users whose tokens nothing could sign."""
        if info.data.get("users") and not value:
            raise ValueError("users need a key that signs their tokens: `python -m src.api.security token-key NAME`")
        return value

    @field_validator("models", "serving")
    @classmethod
    def from_the_root(cls, value: Path | None) -> Path | None:
        """Return the folder, a relative one below the project's root."""
        return journal.ROOT / value if value else None

    @property
    def deliveries(self) -> Path:
        """Return the folder of serving.json."""
        return self.serving or self.state / "serving"

    @field_validator("trusted_proxies", "cors_origins", mode="before")
    @classmethod
    def lists(cls, value: Any) -> Any:
        """Return ("a", "b") for `a,b`."""
        return tuple(entries.split(value)) if isinstance(value, str) else value

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
