"""environment and .env (LASTRO_*) -> how often the monitor works, where its log and references lie, whom it tells"""

from pathlib import Path
from urllib.parse import urlsplit

from pydantic import Field, SecretStr, field_validator

from src.journal import settings as journal

ROOT = journal.ROOT


class Settings(journal.Settings):
    """What a deployment decides, beside the prediction log's place; the only reader of the environment in this room."""

    monitor_minutes: float = Field(15.0, gt=0, le=1440, description="minutes between two runs of the monitor")
    slack_webhook_url: SecretStr | None = Field(
        None, description="where alerts are sent, a webhook as Slack has it; empty: they are kept and shown"
    )
    models: Path = Field(Path("models"), description="folder of the model whose reference counts, if nothing else")
    serving: Path | None = Field(None, description="folder of delivered versions; if unset, `serving` in `state`")

    @field_validator("slack_webhook_url")
    @classmethod
    def reachable(cls, value: SecretStr | None) -> SecretStr | None:
        """Return the address; refuse what is none, in words that do not repeat it."""
        if value is None:
            return None
        try:
            parts = urlsplit(value.get_secret_value())
            fits = parts.scheme in ("https", "http") and bool(parts.hostname) and parts.port != 0
        except ValueError:
            fits = False
        if not fits:
            raise ValueError("is no address such as https://hooks.slack.com/services/…")
        return value

    @field_validator("models", "serving")
    @classmethod
    def from_the_root(cls, value: Path | None) -> Path | None:
        """Return the folder, a relative one below the project's root."""
        return ROOT / value if value else None

    @property
    def deliveries(self) -> Path:
        """Return the folder of serving.json."""
        return self.serving or self.state / "serving"

    @property
    def heartbeat(self) -> Path:
        """Return the file that the monitor touches while it runs as a service."""
        return self.state / "monitor" / "heartbeat"


def read_settings() -> Settings:
    """Return the settings; raises LastroError with a sentence a variable, never its value, which may be a secret."""
    return journal.read_as(Settings)
