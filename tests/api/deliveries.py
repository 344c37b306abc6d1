"""Versions of different contracts, and a folder to which they are delivered: serving.json and what it names"""

import json
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from threadpoolctl import threadpool_limits

from src.compile.compiler import Compiled, compile_model
from src.files import sha256_of, write_json
from src.model.artifact import to_bytes
from src.model.candidates import build
from src.model.card import Card, write_card
from src.pipeline.export import export_of, trees_of
from src.serving.export import EXPORT, TREES, Parity
from tests.serving.kinds import card, committed, compiled, features, fitted, table, typical

NONE = Parity(dataset_rows=1, random_rows=0, largest_difference=0, flipped_decisions=0)
COMMIT = "c" * 40
FEW = 5  # features of the narrow version


def wide(folder: Path) -> Path:
    """A scorecard of all features."""
    return written(folder, fitted("scorecard"), compiled("scorecard"), card())


def strict(folder: Path) -> Path:
    """A forest whose contract wants fewer years, and another threshold."""
    younger = [one.model_copy(update={"maximum": 40}) if one.name == "years" else one for one in features()]
    return written(folder, fitted("forest"), compiled("forest"), card(0.5).model_copy(update={"features": younger}))


def narrow(folder: Path) -> Path:
    """A scorecard of the first features only."""
    few = features()[:FEW]
    with threadpool_limits(1):
        model = build(committed(), few, seed=3)["scorecard"].fit(table()[0].iloc[:, :FEW], table()[1])
    reference = {one.name: typical()[one.name] for one in few}
    known = card().model_copy(update={"features": few, "reference": reference})
    return written(folder, model, compile_model(model, few), known)


def written(folder: Path, model: Any, found: Compiled, known: Card) -> Path:
    """Write what is served of a model, and an evaluation."""
    folder.mkdir(parents=True)
    known = known.model_copy(update={"sha256": sha256_of(to_bytes(model))})
    trees = trees_of(found)
    write_card(folder / "model.json", known)
    if trees:
        (folder / TREES).write_bytes(trees)
    named = sha256_of((folder / "model.json").read_bytes())
    (folder / EXPORT).write_text(export_of(known, found, trees, NONE, named).model_dump_json())
    write_json(folder / "evaluation.json", {"sha256": known.sha256, "metrics": {}})
    return folder


def again(models: Path, folder: Path, threshold: float) -> Path:
    """Write another served form of the same model: the same files, another threshold."""
    shutil.copytree(models, folder)
    content = json.loads((folder / "model.json").read_text()) | {"threshold": threshold}
    (folder / "model.json").write_text(json.dumps(content))
    return name_card(folder)


def name_card(folder: Path) -> Path:
    """Let a folder's form name the card that lies there."""
    export = json.loads((folder / EXPORT).read_text())
    export["card_sha256"] = sha256_of((folder / "model.json").read_bytes())
    (folder / EXPORT).write_text(json.dumps(export))
    return folder


@dataclass
class Deliveries:
    """A folder of versions and serving.json, as delivery leaves it."""

    folder: Path
    models: Mapping[str, Path]

    def put(self, number: str) -> dict[str, Any]:
        """Copy a version into its folder, as it was published, and return what serving.json says of it."""
        source = self.models[number]
        form = sha256_of((source / EXPORT).read_bytes())
        folder = self.folder / "versions" / form
        shutil.rmtree(folder, ignore_errors=True)
        shutil.copytree(source, folder)
        files = {path.name: sha256_of(path.read_bytes()) for path in source.iterdir() if path.is_file()}
        sha256 = json.loads((source / "model.json").read_text())["sha256"]
        return {"folder": f"versions/{form}", "form_sha256": form, "sha256": sha256, "git_commit": COMMIT,
                "files": files, "since": "2026-11-26T12:00:00Z", "why": None}  # fmt: skip

    def name(self, event: int, champion: str, challenger: str | None = None, *others: str, **changed: Any) -> None:
        """Deliver these versions; `changed` (v7={…}) is what serving.json says otherwise of one."""
        numbers = {champion, *([challenger] if challenger else []), *others}
        versions = {number: self.put(number) | changed.get(f"v{number}", {}) for number in numbers}
        self.write({"event": event, "champion": champion, "challenger": challenger, "versions": versions})

    def write(self, content: Any) -> None:
        """Rename a serving.json into place."""
        write_json(self.folder / "serving.json", content)

    def spoil(self, number: str, name: str = EXPORT) -> None:
        """Flip a bit of a delivered file."""
        form = sha256_of((self.models[number] / EXPORT).read_bytes())
        path = self.folder / "versions" / form / name
        content = bytearray(path.read_bytes())
        content[len(content) // 2] ^= 1
        path.write_bytes(bytes(content))
