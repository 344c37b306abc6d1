"""a project's folder, DVC's objects -> what a publish event says of the version; the files that only Git has, stored

The registry keeps what Git keeps of models/, DVC what it keeps; an event names both, so that whoever has the bucket has
the version.
"""

import hashlib
from pathlib import Path
from typing import Any

from src.files import digest, sha256_of
from src.lineage.chain import Place, keep
from src.lineage.events import StoredFile
from src.lineage.folder import Stored
from src.lineage.lock import DATA, FORM, MODEL, LineageError, Lock
from src.model.card import CARD, Card
from src.serving.export import read_stated

MODELS, TEST = "models/", "data/processed/test.parquet"  # what a version is, and what the gates ask it with
MENDS = "`dvc repro` or `dvc checkout` mends it"


def facts_of(lock: Lock, sha256: str, metrics: dict[str, float], place: Place, commit: str | None) -> dict[str, Any]:
    """Return the fields of the publish event of what lies in the lock's folder, a model by its card's sha256.

    `commit` is None for a dirty one. Raises LineageError where files, dvc.lock and DVC's objects do not fit together.
    """
    files = files_of(lock, place)
    return {
        "form_sha256": files[Path(FORM).name].sha256,
        "sha256": sha256,
        "git_commit": commit,
        "git_dirty": commit is None,
        "data_md5": lock.output(DATA)[0],
        "dvc_prefix": place.address,
        "metrics": metrics,
        "params": lock.params(),
        "files": files,
    }


def check_form(root: Path, card: Card) -> None:
    """Raise LineageError where the served form is not of this card."""
    export, content = read_stated(root / FORM), (root / MODELS / CARD).read_bytes()
    if export.model != card.sha256 or export.card_sha256 not in (None, sha256_of(content)):
        raise LineageError(f"{FORM} is of another model than {MODELS}{CARD}: `dvc repro` writes it anew")


def files_of(lock: Lock, place: Place) -> dict[str, StoredFile]:
    """Return every file of a version by its name: all of models/, and the test rows where there are some."""
    kept = lock.kept_by_git()
    paths = [*lock.files(MODELS), *(path for path in lock.outputs() if path == TEST)]
    return {
        Path(path).name: _committed(lock, path) if path in kept else _pushed(lock, path, place)
        for path in sorted(paths, key=lambda path: (path != MODEL, path))
    }


def store(root: Path, files: dict[str, StoredFile], place: Place) -> None:
    """Keep every file that DVC does not."""
    for name, file in files.items():
        if file.at == "registry":
            keep(place, (root / MODELS / name).read_bytes())


def _committed(lock: Lock, path: str) -> StoredFile:
    """Return a file that Git keeps; raises LineageError where it is not the one that dvc.lock names."""
    file, (md5, _) = lock.root / path, lock.output(path)
    if not file.is_file():
        raise LineageError(f"{path}: no such file; {MENDS}")
    _same(path, digest(file, "md5"), md5)
    return StoredFile(sha256=digest(file), md5=md5, size=file.stat().st_size, at="registry")


def _pushed(lock: Lock, path: str, place: Place) -> StoredFile:
    """Return a file that DVC keeps; raises LineageError where it is another here, or was not pushed."""
    file, (md5, size) = lock.root / path, lock.output(path)
    if file.is_file():
        _same(path, digest(file, "md5"), md5)
        pushed(path, md5, size, place)
        sha256 = digest(file)
    else:
        pushed(path, md5, size, place)
        content = place.read(md5)
        _same(path, hashlib.md5(content, usedforsecurity=False).hexdigest(), md5)
        sha256 = sha256_of(content)
    return StoredFile(sha256=sha256, md5=md5, size=size, at="dvc")


def pushed(path: str, md5: str, size: int, place: Place) -> Stored:
    """Return DVC's object of an output; raises LineageError where it was not pushed whole."""
    stored = place.object_of(md5)
    if stored is None:
        raise LineageError(f"{path}: its object {md5} is not in DVC's remote: `dvc push` brings it there")
    if stored.size != size:
        raise LineageError(f"{stored.url} has {stored.size} bytes, dvc.lock says {size}: remove it, then `dvc push`")
    return stored


def _same(path: str, found: str, md5: str) -> None:
    if found != md5:
        raise LineageError(f"{path}: its md5 is {found}, dvc.lock names {md5}: {MENDS}")
