"""a release (dvc.lock and what Git keeps of models/), DVC's objects in the bucket -> a verified models/

`python -m src.lineage.delivery --release . --remote s3://lastro/dvc --to FOLDER`, when an image is built or a container
starts. With `--follow`, the versions that the chain names, for a service that serves several (src/lineage/follow.py).
Nothing is written before every byte is what dvc.lock (md5) and the card (sha256) name. Credentials are those of
the AWS tools: AWS_SHARED_CREDENTIALS_FILE, or variables. Needs neither DVC nor MLflow.
"""

import argparse
import hashlib
import logging
from pathlib import Path

from src.errors import run
from src.files import digest, sha256_of, write_bytes
from src.lineage.folder import Folder
from src.lineage.follow import Follower, follow, once
from src.lineage.lock import LineageError, Lock, read_lock
from src.lineage.settings import read_settings
from src.lineage.storage import Bucket, place_of, remote
from src.model.card import CARD, MODEL, Card, read_card
from src.serving.export import CODES, EXPORT, TREES, Export, read_stated
from src.serving.predictors import load

log = logging.getLogger(__name__)

EVALUATION, REFERENCE, REGISTRATION = "evaluation.json", "reference.json", "registry.json"


def deliver(release: Path, place: Bucket | Folder, target: Path, sha256: str = "") -> Card:
    """Write the model of `release` to the folder `target` and return its card; `sha256`, if given, must be the card's.

    Raises a LastroError, and writes nothing, where a file or an object is missing or is not the one that is named.
    """
    lock, models = read_lock(release), release / "models"
    card, export = read_card(models / CARD), read_stated(models / EXPORT)
    if sha256 and sha256 != card.sha256:
        raise LineageError(f"{models / CARD} is of the model {card.sha256}, but {sha256} was asked for")
    named = [name for name in (REFERENCE,) if f"models/{name}" in lock.outputs()]  # releases of before have none
    contents = {name: _committed(models / name, lock) for name in (CARD, EXPORT, EVALUATION, *named)}
    contents |= {name: _fetched(name, lock, place, wanted) for name, wanted in _objects(card, export).items()}
    if (models / REGISTRATION).is_file():
        contents[REGISTRATION] = (models / REGISTRATION).read_bytes()
    for name, content in contents.items():
        write_bytes(target / name, content)
    load(target)  # with the libraries of this image
    return card


def _objects(card: Card, export: Export) -> dict[str, str]:
    """Return the files that DVC keeps, each with the sha256 that Git's files name."""
    graph = {TREES: export.sha256} if export.file == TREES else {}
    return {MODEL: card.sha256} | graph | ({CODES: export.codes_sha256} if export.codes_sha256 else {})


def _committed(path: Path, lock: Lock) -> bytes:
    """Return the bytes of a file of the release; raises LineageError where they are not those of its dvc.lock."""
    wanted = lock.output(f"models/{path.name}")[0]
    if not path.is_file() or (found := digest(path, "md5")) != wanted:
        what = f"its md5 is {found}" if path.is_file() else "it is missing"
        raise LineageError(f"{path}: {what}, dvc.lock names {wanted}")
    return path.read_bytes()


def _fetched(name: str, lock: Lock, place: Bucket | Folder, sha256: str) -> bytes:
    """Return the bytes of DVC's object; raises LineageError where they are not those of dvc.lock and of the card."""
    md5 = lock.output(f"models/{name}")[0]
    content = place.read(md5)
    is_md5 = hashlib.md5(content, usedforsecurity=False).hexdigest()
    for kind, wanted, found in (("md5", md5, is_md5), ("sha256", sha256, sha256_of(content))):
        if found != wanted:
            raise LineageError(f"{name}: refused, the {kind} of the object {md5} is {found}, not {wanted}")
    return content


def main() -> None:
    """Read the command line."""
    parser = argparse.ArgumentParser(prog="python -m src.lineage.delivery", description=__doc__)
    parser.add_argument("--release", type=Path, help="folder with dvc.lock and models/*.json")
    parser.add_argument("--to", type=Path, help="folder to write")
    parser.add_argument("--sha256", default="", help="of the one model that will do")
    parser.add_argument("--follow", action="store_true", help="bring what the chain names, until it is stopped")
    parser.add_argument("--once", action="store_true", help="bring what the chain names now")
    parser.add_argument("--remote", help="DVC's remote: s3://bucket/prefix, or a folder; when following, DVC's own")
    parser.add_argument("--endpoint", help="where S3 answers; without it, AWS")
    parser.add_argument("--region", help="the bucket's region")
    asked = parser.parse_args()
    options = {"endpointurl": asked.endpoint or None, "region": asked.region or None}
    if asked.follow or asked.once:
        settings = read_settings()
        place = place_of(asked.remote, options) if asked.remote else remote()
        follower = Follower(place, settings.serving, settings.keep_versions)
        once(follower) if asked.once else follow(follower)
        return
    if not (asked.release and asked.remote and asked.to):
        parser.error("--release, --remote and --to are needed, or --follow")
    card = deliver(asked.release, place_of(asked.remote, options), asked.to, asked.sha256)
    log.info("%s %s is in %s, verified", card.name, card.sha256, asked.to)


if __name__ == "__main__":
    run(main)
