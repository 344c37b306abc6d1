"""what the evaluate stage wrote of a model -> what the model's version in MLflow says of itself"""

import json
from dataclasses import dataclass
from pathlib import Path

from src.lineage.lock import LineageError
from src.model.card import Card

EVALUATION, TEXT, PLOTS = Path("models/evaluation.json"), Path("MODEL_CARD.md"), Path("reports/plots")
LONGEST = 5000  # characters of a description in MLflow's tables; SQLite does not count them
REST = "\n\n*The rest stands in `MODEL_CARD.md`, an artifact of the run that made this version.*\n"


@dataclass(frozen=True)
class Dossier:
    """A model's test metrics, plots and model card."""

    card: Card
    metrics: dict[str, float]
    plots: Path
    text: str

    @property
    def short(self) -> str:
        """Return the model card; where MLflow's tables cannot hold it, its first sections, as many as fit."""
        if len(self.text) <= LONGEST:
            return self.text
        room = self.text[: LONGEST - len(REST)]
        return room[: room.rfind("\n\n## ")] + REST


def read_dossier(root: Path, card: Card) -> Dossier:
    """Return what was written of the card's model; raises LineageError where it is missing or of another model."""
    evaluation, text = (_about(root / name, card.sha256) for name in (EVALUATION, TEXT))
    if not (root / PLOTS).is_dir():
        raise LineageError(f"{root / PLOTS}: no such folder; `dvc repro` writes it")
    metrics = {name: float(metric["value"]) for name, metric in json.loads(evaluation)["metrics"].items()}
    return Dossier(card, metrics, root / PLOTS, text)


def _about(path: Path, sha256: str) -> str:
    """Return a file's text; raises LineageError where it does not name the model."""
    if not path.is_file():
        raise LineageError(f"{path}: no such file; `dvc repro` writes it")
    text = path.read_text(encoding="utf-8")
    if sha256 not in text:
        raise LineageError(f"{path} is not about the model {sha256}: `dvc repro` writes it anew")
    return text
