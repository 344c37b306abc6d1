"""models/, dvc.lock, DVC's object in the bucket -> a version in MLflow, models/registry.json

`python -m src.lineage.registry publish`, after `dvc push`. Nothing is published that is not DVC's object byte for byte:
the file here must be the card's (sha256) and dvc.lock's (md5), and the object must lie in the bucket with its size.
"""

import argparse
import logging
from pathlib import Path

from src.errors import run
from src.files import digest, write_json
from src.lineage.dossier import Dossier, read_dossier
from src.lineage.folder import Folder, Stored
from src.lineage.lock import DATA, MODEL, LineageError, Lock, read_lock
from src.lineage.mlflow_backend import opened, plainly
from src.lineage.model_versions import COMMIT, DATA_MD5, DIRTY, NAME, SHA256, Registry
from src.lineage.settings import ROOT, Settings, read_settings
from src.lineage.storage import Bucket, remote
from src.model.artifact import read_verified
from src.model.card import CARD, Card, read_card

log = logging.getLogger(__name__)

REGISTRATION = "models/registry.json"


def publish(root: Path = ROOT, settings: Settings | None = None) -> dict[str, str | None]:
    """Publish the model in `root` and return what models/registry.json says.

    The same model is published once; publishing it again brings tags, description and alias up to date. Where its
    version lacks what MLflow's page shows (signature, example, metrics, data set, pictures) a new one is made.
    Raises LineageError, StorageError or TrackingError, each a sentence, before anything is written.
    """
    settings = settings or read_settings()
    place, lock, card = remote(root), read_lock(root), read_card(root / "models" / CARD)
    stored, dossier = verify(root, card, lock, place), read_dossier(root, card)
    commit, source = lock.provenance()
    tags = describe(dossier, lock, stored, commit)
    with place.plainly(), opened(settings, place.environment()) as mlflow, plainly(settings):
        registry = Registry(mlflow, place, settings.runs_folder)
        version = registry.find(dossier) or registry.add(root, dossier, tags)
        registry.describe(version, dossier, tags)
        alias = registry.rank(version, dirty=commit is None)
        published = registry.published(version)
    registration = {
        "name": NAME,
        "version": version,
        "sha256": card.sha256,
        "git_commit": commit,
        "data_md5": tags[DATA_MD5],
        "dvc_prefix": place.address,
        "published": published,
    }
    write_json(root / REGISTRATION, registration)
    log.info("%s version %s is %s; %s: %s", NAME, version, alias, "made by" if commit else "no commit makes it", source)
    return registration


def verify(root: Path, card: Card, lock: Lock, place: Bucket | Folder) -> Stored:
    """Return DVC's object of the model; raises where card, file, dvc.lock and object are not one and the same."""
    read_verified(root / MODEL, card.sha256)
    md5, size = lock.output(MODEL)
    found = digest(root / MODEL, "md5")
    if found != md5:
        raise LineageError(f"{MODEL}: its md5 is {found}, dvc.lock names {md5}: `dvc repro` or `dvc checkout` mends it")
    place.probe()
    stored = place.object_of(md5)
    if stored is None:
        raise LineageError(f"{MODEL}: its object {md5} is not in DVC's remote: `dvc push` brings it there")
    if stored.size != size:
        raise LineageError(f"{stored.url} has {stored.size} bytes, dvc.lock says {size}: remove it, then `dvc push`")
    return stored


def describe(dossier: Dossier, lock: Lock, stored: Stored, commit: str | None) -> dict[str, str]:
    """Return the version's tags."""
    tags = {
        "dvc.url": stored.url,
        "dvc.md5": lock.output(MODEL)[0],
        SHA256: dossier.card.sha256,
        DATA_MD5: lock.output(DATA)[0],
        DIRTY: str(commit is None).lower(),
        **{f"test.{name}": str(value) for name, value in dossier.metrics.items()},
    }
    return {**tags, COMMIT: commit} if commit else tags


def main() -> None:
    """Read the command line."""
    parser = argparse.ArgumentParser(prog="python -m src.lineage.registry", description=__doc__)
    commands = parser.add_subparsers(required=True)
    commands.add_parser("publish", help="register the model that was pushed").set_defaults(command=publish)
    parser.parse_args().command()


if __name__ == "__main__":
    run(main)
