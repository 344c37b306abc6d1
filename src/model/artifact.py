"""models/ <-> a fitted model: pickled in canonical bytes, and only unpickled when the card names their sha256"""

import io
import pickle
from collections.abc import Callable, Iterable
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any, ClassVar

from src.errors import LastroError
from src.files import sha256_of
from src.model.card import CARD, MODEL, Card, read_card

READS_ANY = ("numpy", "pandas", "scipy")  # a pickle of another version of theirs is read, and means the same


class ArtifactError(LastroError):
    """The model file is not the one that the card names."""


class CanonicalPickler(pickle._Pickler):
    """Write strings without memo: CPython's versions share equal strings differently, and so write other bytes."""

    dispatch: ClassVar[dict[type, Any]] = dict(pickle._Pickler.dispatch)
    write: Callable[[bytes], object]

    def save_str(self, text: str) -> None:
        """Write `text` itself, never a reference to an earlier equal one."""
        encoded = text.encode("utf-8", "surrogatepass")
        size = len(encoded)
        head = (
            pickle.SHORT_BINUNICODE + size.to_bytes(1) if size < 256 else pickle.BINUNICODE + size.to_bytes(4, "little")
        )
        self.write(head + encoded)

    dispatch[str] = save_str


def to_bytes(model: Any) -> bytes:
    """Pickle a freshly fitted model: equal models give equal bytes on every supported Python.

    An unpickled model may give other bytes than it came from: pickle once, copy bytes afterwards.
    """
    buffer = io.BytesIO()
    CanonicalPickler(buffer, protocol=4).dump(model)
    return buffer.getvalue()


def library_versions(libraries: Iterable[str]) -> dict[str, str]:
    """Return the versions of the libraries that make the numbers: a candidate's own, and those below them all."""
    return {name: version(name) for name in sorted({*libraries, *READS_ANY})}


def read_verified(path: Path, sha256: str) -> bytes:
    """Return the file's bytes; raises ArtifactError where their sha256 is another one."""
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        raise ArtifactError(f"{path}: no such file; `dvc pull` or `dvc repro` brings it") from None
    found = sha256_of(content)
    if found != sha256:
        raise ArtifactError(f"{path}: refused, its sha256 is {found}, the card names {sha256}")
    return content


def _installed(library: str) -> str:
    try:
        return version(library)
    except PackageNotFoundError:
        return "none"


def load_model(folder: Path) -> tuple[Card, Any]:
    """Return the card and its fitted model from `folder` (models/).

    Raises ArtifactError, before anything is unpickled, where the file's sha256 is not the card's or where a library
    that the candidate is made of is not installed in the card's version.
    """
    card = read_card(folder / CARD)
    content = read_verified(folder / MODEL, card.sha256)
    for name, wanted in card.libraries.items():
        if name not in READS_ANY and wanted != (installed := _installed(name)):
            raise ArtifactError(f"{folder / MODEL}: fitted with {name} {wanted}, but {installed} is installed")
    return card, pickle.loads(content)  # noqa: S301  # only bytes whose sha256 the card names
