"""what a deployment serves -> which versions are watched, and the development sample that each is compared with"""

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from src.errors import LastroError
from src.files import digest
from src.model.card import CARD, Card, read_card
from src.model.development import REFERENCE, Development, read_development
from src.serving.delivered import SERVING, Delivery, read_delivered
from src.serving.export import EXPORT


class Version(NamedTuple):
    """A served form; where it is not judged, `says` tells why."""

    form_sha256: str
    model_sha256: str
    number: str | None
    card: Card | None
    development: Development | None
    says: str | None = None


def read_versions(serving: Path, models: Path) -> list[Version]:
    """Return the versions of a delivery, the champion first; without serving.json the one of the models' folder.

    Raises LastroError where neither is there. What a single version lacks is said by it.
    """
    if not (serving / SERVING).exists():
        return [single(models)]
    delivered = read_delivered(serving)
    order = sorted(delivered.versions, key=lambda number: (number != delivered.champion, -int(number)))
    return [of_delivery(serving, number, delivered.versions[number]) for number in order]


def single(folder: Path) -> Version:
    """Return the version that lies in a folder by itself."""
    if not (folder / EXPORT).is_file():
        raise LastroError(f"{folder / EXPORT}: no such file; `dvc pull` or `dvc repro` brings it")
    return read_version(folder, digest(folder / EXPORT), None)


def of_delivery(serving: Path, number: str, delivery: Delivery) -> Version:
    """Return a version as it was delivered, or why it was not."""
    if delivery.folder is None:
        why = f"it was not delivered: {delivery.why}"
        return Version(delivery.form_sha256, delivery.sha256, number, None, None, why)
    try:
        return read_version(serving / delivery.folder, delivery.form_sha256, number)
    except LastroError as error:
        return Version(delivery.form_sha256, delivery.sha256, number, None, None, str(error))


def read_version(folder: Path, form_sha256: str, number: str | None) -> Version:
    """Read the card and the reference of a version; raises LastroError where one cannot be read."""
    card, development = read_card(folder / CARD), read_development(folder)
    version = Version(form_sha256, card.sha256, number, card, development)
    if development is None:
        return version._replace(says=f"it has no {REFERENCE}: it is of a release that wrote none")
    if development.sha256 != card.sha256:
        return version._replace(development=None, says=f"its {REFERENCE} is of another model, {development.sha256}")
    return version


def form_of(versions: Sequence[Version], form_sha256: str | None, model_sha256: str) -> str:
    """Return under which served form a logged row counts; one that names none is of the first version of its model."""
    if form_sha256 is not None:
        return form_sha256
    found = (version.form_sha256 for version in versions if version.model_sha256 == model_sha256)
    return next(found, f"model {model_sha256}")
