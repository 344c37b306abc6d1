"""environment and .env (LASTRO_*) -> where the lake's catalog and warehouse are, who is told of its lineage"""

from pydantic import Field, SecretStr, field_validator
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError

from src.errors import LastroError
from src.journal import settings as journal

ROOT = journal.ROOT
SQLITE, POSTGRESQL, GLUE = "sqlite", "postgresql", "glue"
KINDS = "sqlite, postgresql or glue, or the address of a SQLite file or a PostgreSQL database"


class Settings(journal.Settings):
    """What a deployment decides of its lake, beside the prediction log's place."""

    lake_catalog: SecretStr = Field(SecretStr(SQLITE), description=f"the lake's catalog: {KINDS}")
    lake_warehouse: str | None = Field(
        None, description="the lake's files: s3://BUCKET/PREFIX or a folder; if unset, lake/ in DVC's bucket"
    )
    openlineage_url: SecretStr | None = Field(
        None, description="where OpenLineage events go: a file, or an address that takes them; if unset, nowhere"
    )

    @field_validator("lake_catalog")
    @classmethod
    def known_catalog(cls, value: SecretStr) -> SecretStr:
        """Return the catalog, a SQLite file below the project's root; refuse one of another kind."""
        text = value.get_secret_value()
        if text in (SQLITE, POSTGRESQL, GLUE):
            return value
        try:
            url = make_url(text)
        except ArgumentError:
            raise ValueError(f"is not {KINDS}") from None
        if url.get_backend_name() not in journal.DATABASES or not url.database:
            raise ValueError(f"is not {KINDS}")
        return value if url.get_backend_name() != SQLITE else SecretStr(f"sqlite:///{ROOT / url.database}")

    @field_validator("lake_warehouse")
    @classmethod
    def known_warehouse(cls, value: str | None) -> str | None:
        """Return the place of the files, a folder as an absolute path; refuse an address that is not of S3."""
        if value is None or value.startswith("s3://"):
            return value and value.rstrip("/")
        if "://" in value:
            raise ValueError("is neither s3://BUCKET/PREFIX nor a folder")
        return str(ROOT / value)

    @property
    def told(self) -> str | None:
        """Return where OpenLineage events go; None where nobody is told."""
        return self.openlineage_url.get_secret_value() if self.openlineage_url else None

    @property
    def catalog_url(self) -> str | None:
        """Return the address of the catalog's database; None for Glue, which has none of ours."""
        text = self.lake_catalog.get_secret_value()
        if text == GLUE:
            return None
        if text == SQLITE:
            return f"sqlite:///{self.state}/lake/catalog.db"
        return self.journal_url if text == POSTGRESQL else text


def read_settings() -> Settings:
    """Return the settings; raises LastroError with a sentence a variable, never its value, which may be a secret."""
    settings = journal.read_as(Settings)
    if settings.lake_catalog.get_secret_value() == POSTGRESQL and not settings.journal_url.startswith(POSTGRESQL):
        raise LastroError("LASTRO_LAKE_CATALOG: postgresql is the prediction log's own database, and that is SQLite")
    return settings
