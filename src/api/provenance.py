"""models/ -> where the served model comes from: registry.json where it was published, else the card alone"""

from pathlib import Path

from pydantic import BaseModel, ConfigDict, ValidationError

from src.api.schemas import ModelOut
from src.errors import LastroError, sentences
from src.model.card import Card

REGISTRY = "registry.json"


class Registered(BaseModel):
    """What publishing wrote."""

    model_config = ConfigDict(frozen=True, extra="ignore", coerce_numbers_to_str=True)

    name: str
    version: str
    sha256: str
    git_commit: str | None
    data_md5: str


def provenance(folder: Path, card: Card) -> ModelOut:
    """The model as answers name it; another model's registry entry is not this one's."""
    path = folder / REGISTRY
    data_md5 = card.data["applications"]
    nowhere = ModelOut(name=card.name, version=None, sha256=card.sha256, git_commit=None, data_md5=data_md5)
    if not path.exists():
        return nowhere
    try:
        found = Registered.model_validate_json(path.read_bytes())
    except ValidationError as error:
        raise LastroError(sentences(error, str(path))) from None
    return ModelOut(**found.model_dump()) if found.sha256 == card.sha256 else nowhere
