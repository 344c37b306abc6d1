"""a published model's folder -> what MLflow asks for probabilities; MLflow imports this module by its name

The folder is as src/lineage/model_versions.py writes it. The pickle is opened only where its bytes are the card's.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from src.model.artifact import load_model
from src.model.card import Card
from src.model.metrics import Vector


@dataclass(frozen=True)
class Scorer:
    """A model with its card."""

    card: Card
    model: Any

    def predict(self, applicants: pd.DataFrame, params: object = None) -> Vector:  # noqa: ARG002  # MLflow's call
        """Return each applicant's probabilities of repaying and of default; a column that was left out is missing."""
        columns = [feature.name for feature in self.card.features]
        found: Vector = self.model.predict_proba(applicants.reindex(columns=columns))
        return found


def _load_pyfunc(path: str) -> Scorer:
    """Return the model of a folder."""
    return Scorer(*load_model(Path(path)))
