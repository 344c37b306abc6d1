"""`python -m src.lineage.bom`: a commit's card, locks and dvc.lock -> the model's bill of materials, as CycloneDX JSON

An ML-BOM of CycloneDX 1.7: the model and its card, the data and code that it was made of, the libraries that it was
fitted with and is served with. The same commit and version give the same bytes: it has no time, and its serial number
follows from the rest. `registry show N --bom` writes that of a published version.
"""

import json
import tempfile
import uuid
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from src import git
from src.errors import run
from src.files import read_yaml, sha256_of, write_bytes
from src.lineage import materials, model_card
from src.lineage.chain import ChainError
from src.lineage.dossier import EVALUATION
from src.lineage.events import Event
from src.lineage.lock import LOCK, MODEL, LineageError, Lock, read_lock
from src.lineage.settings import ROOT
from src.model.card import CARD, Card, read_card
from src.serving.export import EXPORT, read_stated

Part = dict[str, Any]
MODELS = Path("models")
LIBRARIES = {"pipeline": "requirements-pipeline.txt", "serving": "requirements-serving.txt"}  # an image -> its lock
READ = (LOCK, str(MODELS / CARD), str(MODELS / EXPORT), str(EVALUATION), *LIBRARIES.values())
SCHEMA = "http://cyclonedx.org/schema/bom-1.7.schema.json"
HEAD = {"$schema": SCHEMA, "bomFormat": "CycloneDX", "specVersion": "1.7"}
NAMESPACE = uuid.uuid5(uuid.NAMESPACE_URL, SCHEMA)


def of_version(root: Path, version: Event) -> Part:
    """Return a published version's bill; `version` is its publish event.

    Raises LineageError where no commit makes it or the commit is not here, ChainError where its card is another.
    """
    if version.git_commit is None:
        raise LineageError(f"version {version.version} is of no commit, so no {LOCK} says what it was made of")
    card = _read(root, version.git_commit, str(MODELS / CARD))
    if sha256_of(card) != version.files[CARD].sha256:
        raise ChainError(f"{MODELS / CARD} of commit {version.git_commit[:12]} is not version {version.version}'s")
    return of_commit(root, version.git_commit, str(version.version))


def of_commit(root: Path, commit: str, version: str | None = None) -> Part:
    """Return the bill of the model that a commit names; raises LineageError where a file of it is not there."""
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        for name in READ:
            write_bytes(folder / name, _read(root, commit, name))
        lock = read_lock(folder)
        dataset = str(lock.params()["dataset"])
        write_bytes(folder / dataset, _read(root, commit, dataset))
        return _bill(lock, read_yaml(folder / dataset), commit, version)


def _bill(lock: Lock, package: Part, commit: str, version: str | None) -> Part:
    """Return the document of what lies in the lock's folder."""
    root = lock.root
    card = read_card(root / MODELS / CARD)
    texts = {image: (root / name).read_text(encoding="utf-8") for image, name in LIBRARIES.items()}
    libraries = materials.libraries(card.libraries, texts)
    files = materials.files(lock, package)
    fitted = [materials.purl(name, number) for name, number in card.libraries.items()]
    content: Part = {
        "version": 1,
        "metadata": {"component": _model(lock, card, package, commit, version)},
        "components": [*files, *libraries],
        "dependencies": [
            *materials.dependencies(lock, {MODEL: fitted}),
            *({"ref": each["bom-ref"], "dependsOn": []} for each in libraries),
        ],
        "formulation": [materials.formula(lock)],
    }
    serial = uuid.uuid5(NAMESPACE, json.dumps(content, sort_keys=True))
    return {**HEAD, "serialNumber": f"urn:uuid:{serial}", **content}


def _model(lock: Lock, card: Card, package: Part, commit: str, version: str | None) -> Part:
    """Return the model as the component that the bill is of."""
    export, evaluation = read_stated(lock.root / MODELS / EXPORT), json.loads((lock.root / EVALUATION).read_bytes())
    facts = {
        "git.commit": commit,
        "threshold": card.threshold,
        "calibrated": card.calibrated,
        "data.md5": card.data["applications"],
        "form.file": export.file,
        "form.sha256": export.sha256,
    }
    return {
        "type": "machine-learning-model",
        "bom-ref": MODEL,
        "name": card.name,
        **({"version": version} if version else {}),
        "description": f"{card.dataset.title}: the probability that {card.target.name} is {card.target.bad}",
        "hashes": [{"alg": "MD5", "content": lock.output(MODEL)[0]}, {"alg": "SHA-256", "content": card.sha256}],
        "modelCard": model_card.of(card, evaluation, package),
        "properties": materials.properties(facts),
    }


def _read(root: Path, commit: str, name: str) -> bytes:
    """Return a file of a commit; raises LineageError where Git does not have it."""
    text = git.output(root, "show", f"{commit}:./{name}")
    if text is None:
        raise LineageError(f"Git has no {name} of commit {commit[:12]} here: fetch its history, or leave this out")
    return text.encode()


def lines(bill: Part) -> list[str]:
    """Return a bill as lines of JSON."""
    return json.dumps(bill, indent=1, ensure_ascii=False, allow_nan=False).splitlines()


def main() -> None:
    """Write the bill of the model that lies here; raises LineageError where no commit makes it."""
    parser = ArgumentParser(prog="python -m src.lineage.bom", description=__doc__)
    parser.add_argument("output", type=Path, metavar="FILE", help="where it is written")
    asked = parser.parse_args()
    commit, why = read_lock(ROOT).provenance()
    if commit is None:
        raise LineageError(f"no bill of materials: {why}")
    write_bytes(asked.output, "".join(f"{line}\n" for line in lines(of_commit(ROOT, commit))).encode())


if __name__ == "__main__":
    run(main)
