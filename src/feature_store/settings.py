"""environment and .env (LASTRO_STATE, LASTRO_FEATURES_*) -> where applicants are found by id, how old a row may be"""

from datetime import timedelta

from pydantic import Field, SecretStr, field_validator

from src.journal import settings as journal


class Settings(journal.Settings):
    """What a deployment decides; the only reader of the environment in this room."""

    features_url: SecretStr | None = Field(
        None, description="the online table of applicants by id; if unset, SQLite in `state`"
    )
    features_max_age_days: float | None = Field(
        None, gt=0, le=36_500, description="days after which an applicant's features have expired; if unset, never"
    )

    @field_validator("features_url")
    @classmethod
    def known_table(cls, value: SecretStr | None) -> SecretStr | None:
        """Return the address, a relative file below the project's root; refuse what names no database of ours."""
        return cls.known_database(value)

    @property
    def features_address(self) -> str:
        """Return the online table's address."""
        if self.features_url:
            return self.features_url.get_secret_value()
        return f"sqlite:///{self.state}/features/online.db"

    @property
    def features_max_age(self) -> timedelta | None:
        """Return how old a row may be, by its event_time; None for any age."""
        return None if self.features_max_age_days is None else timedelta(days=self.features_max_age_days)


def read_settings() -> Settings:
    """Return the settings; raises LastroError with a sentence a variable, never its value, which may be a secret."""
    return journal.read_as(Settings)
