"""serving.json <-> which versions a deployment has: where each lies, by which hashes, and what the chain says of it

Written by whoever delivers, read by whoever serves. Folders are below the file's own; the file is renamed into place
after all that it names is there.
"""

from pathlib import Path
from typing import Self

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, JsonValue, ValidationError, model_validator

from src.errors import LastroError, sentences
from src.files import digest
from src.model.artifact import ArtifactError
from src.serving.export import EXPORT

SERVING = "serving.json"
VERSIONS = "versions"  # below it a folder for each, named by the form's sha256
NUMBER = r"[1-9][0-9]{0,8}"


class Part(BaseModel):
    """Part of serving.json; a later release may say more."""

    model_config = ConfigDict(frozen=True, extra="ignore")


class Delivery(Part):
    """A version: its folder, or why there is none; its files' sha256; where it comes from."""

    folder: str | None
    form_sha256: str
    sha256: str
    git_commit: str | None
    files: dict[str, str] = {}
    data_md5: str | None = None
    dvc_prefix: str | None = None
    since: AwareDatetime | None = Field(None, description="when it became what it is: champion, challenger, published")
    published: AwareDatetime | None = None
    why: str | None = None


class Delivered(Part):
    """The whole file: the event that it follows, who is champion and challenger, all versions by their numbers."""

    event: int
    champion: str
    challenger: str | None
    versions: dict[str, Delivery]
    history: list[dict[str, JsonValue]] = []

    @model_validator(mode="after")
    def _names_its_own(self) -> Self:
        for name, number in (("champion", self.champion), ("challenger", self.challenger)):
            if number is not None and number not in self.versions:
                raise ValueError(f"the {name} {number} is not among its versions")
        return self

    def alias(self, number: str) -> str | None:
        """Return what a version is now; None for those kept beside champion and challenger."""
        return {self.challenger: "challenger", self.champion: "champion"}.get(number)


def read_delivered(folder: Path) -> Delivered:
    """Read and check serving.json; raises LastroError where it cannot be read."""
    path = folder / SERVING
    try:
        return Delivered.model_validate_json(path.read_bytes())
    except OSError as error:
        raise LastroError(f"{path}: {error.strerror}") from None
    except ValidationError as error:
        raise LastroError(sentences(error, str(path))) from None


def verify(folder: Path, delivery: Delivery) -> None:
    """Raise ArtifactError where a file of the folder is not the one that is named, before anything is read of it."""
    for name, named in {**delivery.files, EXPORT: delivery.form_sha256}.items():
        path = folder / name
        if not path.is_file():
            raise ArtifactError(f"{path}: no such file")
        if (found := digest(path)) != named:
            raise ArtifactError(f"{path}: refused, its sha256 is {found}, {SERVING} names {named}")
