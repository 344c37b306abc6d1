"""a version of the chain -> its files, verified, and what is said of each: all that its validation report is made of"""

import json
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from src.files import sha256_of
from src.lineage.chain import Chain, Place, fetch, key_of
from src.lineage.events import Event
from src.lineage.gates import EVALUATION, read_evaluation
from src.lineage.policy import Policy
from src.lineage.validation.blocks import Source
from src.model.card import CARD, Card, read_card
from src.model.development import Development, read_development

COMMANDS = {
    "model.pkl": "dvc repro train",
    CARD: "dvc repro train",
    "train_rows.parquet": "dvc repro train",
    "test.parquet": "dvc repro prepare",
    "export.json": "dvc repro export",
    "codes.json": "dvc repro export",
    "trees.npz": "dvc repro export",
}
EVALUATE = "dvc repro evaluate"


@dataclass(frozen=True)
class Evidence:
    """A version's publish event and its files in `folder`; the project in `root` may lie elsewhere than it was made."""

    root: Path
    place: Place
    policy: Policy
    chain: Chain
    version: Event
    folder: Path

    @cached_property
    def card(self) -> Card:
        """Return what training decided."""
        return read_card(self.folder / CARD)

    @cached_property
    def evaluation(self) -> dict[str, Any]:
        """Return models/evaluation.json."""
        return read_evaluation(self.folder, self.card)

    @cached_property
    def development(self) -> Development | None:
        """Return models/reference.json; None of a release that wrote none."""
        return read_development(self.folder)

    @cached_property
    def validation(self) -> dict[str, Any]:
        """Return what `evaluate` measured for a validator; nothing of a release that did not."""
        found: dict[str, Any] = self.evaluation.get("validation") or {}
        return found

    def source(self, name: str = EVALUATION) -> Source:
        """Return where the numbers of a version's file come from."""
        file = self.version.files[name]
        path = f"data/processed/{name}" if name == "test.parquet" else f"models/{name}"
        return Source(path, file.sha256, COMMANDS.get(name, EVALUATE))

    def event_source(self, number: int) -> Source:
        """Return where an event of the chain is."""
        content = self.place.get(key_of(number))
        command = f"python -m src.lineage.registry show {self.version.version}"
        return Source(key_of(number), sha256_of(content) if content else None, command)


def gathered(root: Path, place: Place, policy: Policy, chain: Chain, number: int, folder: Path) -> Evidence:
    """Return a version's evidence, its files brought to the folder, each verified by its sha256."""
    version = chain.version(number)
    fetch(place, version, folder)
    return Evidence(root, place, policy, chain, version, folder)


def json_of(value: Any) -> str:
    """Return a parameter's value in a line."""
    return json.dumps(value, ensure_ascii=False, sort_keys=True)
