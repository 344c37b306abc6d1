"""models/ -> where the served model comes from: registry.json where it was published, else the card alone"""

from datetime import datetime
from pathlib import Path
from typing import NamedTuple

from pydantic import AwareDatetime, BaseModel, ConfigDict, ValidationError

from src.api.schemas import ModelOut
from src.errors import LastroError, sentences
from src.files import digest
from src.model.card import Card
from src.serving.export import EXPORT

REGISTRY = "registry.json"


class Registered(BaseModel):
    """What publishing wrote."""

    model_config = ConfigDict(frozen=True, extra="ignore", coerce_numbers_to_str=True)

    name: str
    version: str
    sha256: str
    form_sha256: str | None = None  # of those that were published before a version was a served form
    git_commit: str | None
    data_md5: str
    dvc_prefix: str | None = None  # of the models that were published before it was written down
    published: AwareDatetime | None = None  # the same


class Provenance(NamedTuple):
    """The model as answers name it; where DVC's objects were when it was published, and when that was."""

    model: ModelOut
    dvc_prefix: str | None = None
    published: datetime | None = None


def provenance(folder: Path, card: Card) -> Provenance:
    """Return where the model comes from; the registry entry of another model, or form of it, is not this one's."""
    path = folder / REGISTRY
    data_md5 = card.data["applications"]
    model = ModelOut(name=card.name, version=None, sha256=card.sha256, git_commit=None, data_md5=data_md5)
    if not path.exists():
        return Provenance(model)
    try:
        found = Registered.model_validate_json(path.read_bytes())
    except ValidationError as error:
        raise LastroError(sentences(error, str(path))) from None
    if found.sha256 != card.sha256 or found.form_sha256 not in (None, digest(folder / EXPORT)):
        return Provenance(model)
    model = ModelOut(**found.model_dump(include=set(ModelOut.model_fields)))
    return Provenance(model, found.dvc_prefix, found.published)
