"""environment and .env -> where the log is in which a batch is recorded, and what the code was built from"""

from pydantic import Field

from src.journal.settings import Settings as Journal


class Settings(Journal):
    """The log's settings, and the commit of an image."""

    git_commit: str = Field("", description="what an image was built from; its start names it")
