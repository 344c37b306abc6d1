"""what training left, the test split, the fitted model -> what a validator asks for that needs the rows

models/evaluation.json keeps it under `validation`, so that the report of a version is written from the version's files.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from src.contract.fields import state_column
from src.model.banded import calibration_of, edges
from src.model.card import Card
from src.model.developed import OutOfFold
from src.model.development import ANSWERS, Development, Distribution, subject_of
from src.model.discrimination import by_segment, ranked
from src.model.distributions import Counts, counted, scores_of, unique
from src.model.instead import instead_of
from src.model.metrics import Bad, Vector
from src.model.points import decide
from src.model.report import drawn
from src.model.sensitivity import sensitivity_of
from src.model.stability import chi_squared, psi

MOST_MOVED = 2_000  # test rows whose fields are moved


@dataclass(frozen=True)
class Split:
    """One side of the split: the table, and its features as the model sees them."""

    table: pd.DataFrame
    X: pd.DataFrame


@dataclass(frozen=True)
class Trained:
    """What training left: the card, the fitted model, models/train_rows.parquet, and its rows with a PD."""

    card: Card
    model: Any
    rows: pd.DataFrame
    seen: OutOfFold

    def predict(self, X: pd.DataFrame) -> Vector:
        """Return the PDs of a table."""
        found: Vector = self.model.predict_proba(X)[:, 1]
        return found


class Reports(NamedTuple):
    """What other stages reported, and the features' names, the most important first.

    `compared` and `ingested` are reports/candidates.json and reports/ingest.json.
    """

    compared: dict[str, Any]
    ingested: dict[str, Any]
    names: Sequence[str]


def validation_of(
    training: Split,
    test: Split,
    bad: Bad,
    pd_of: Vector,
    trained: Trained,
    development: Development,
    told: Reports,
    seed: int,
) -> dict[str, Any]:
    """Return the sample, how it ranks and is calibrated, how stable and sensitive it is, and the table of points.

    `bad` and `pd_of` are of the test rows. The reports are kept whole, for a version's files do not hold them.
    """
    card, seen = trained.card, trained.seen
    upper = edges(seen.pd_of, len(bad), card)
    kept = drawn(bad, MOST_MOVED, seed)
    known = pd.concat([training.X, test.X], ignore_index=True)
    table = told.compared["readability"]["readable"]
    return {
        "sample": sample_of(training.table, test.table, bad, trained, told.ingested),
        "candidates": told.compared,
        "discrimination": {
            "out_of_fold": ranked(seen.bad, seen.pd_of),
            "test": ranked(bad, pd_of),
            "segments": by_segment(training.X, test.X, bad, pd_of, card.features, told.names),
        },
        "calibration": {
            "out_of_fold": calibration_of(seen.bad, seen.pd_of, upper, card),
            "test": calibration_of(bad, pd_of, upper, card),
        },
        "stability": stability_of(training.X, test.X, seen.answered, pd_of, development, card),
        "sensitivity": {
            "rows": len(kept),
            "fields": sensitivity_of(
                test.X.iloc[kept], pd_of[kept], known, development.features, card, trained.predict
            ),
        },
        "instead": instead_of(trained.model, table, card, trained.rows, test.X, bad, pd_of),
    }


def sample_of(
    training: pd.DataFrame, test: pd.DataFrame, bad: Bad, trained: Trained, ingested: dict[str, Any]
) -> dict[str, Any]:
    """Return how many rows there are on either side, what ingest left out, and of each field what is missing."""
    roles = dict.fromkeys((one.name for one in trained.card.features), "feature")
    roles |= {name: "protected feature" if name in roles else "protected" for name in trained.card.protected}
    return {
        "ingested": ingested,
        "training": {"rows": len(training), "bads": int(trained.rows["bad"].sum())},
        "out_of_fold": {"rows": len(trained.seen.bad), "bads": int(trained.seen.bad.sum())},
        "test": {"rows": len(test), "bads": int(bad.sum())},
        "fields": [
            {"field": name, "role": role, "training": gaps(training, name), "test": gaps(test, name)}
            for name, role in roles.items()
        ],
    }


def gaps(table: pd.DataFrame, name: str) -> dict[str, int]:
    """Return in how many rows a field has no value: for no reason that is told, or for one."""
    missing = table[name].isna()
    stated = table[state_column(name)].notna() if state_column(name) in table else missing & False
    return {"missing": int((missing & ~stated).sum()), "stated": int((missing & stated).sum())}


def stability_of(
    training: pd.DataFrame, test: pd.DataFrame, answered: Vector, pd_of: Vector, development: Development, card: Card
) -> list[dict[str, Any]]:
    """Return how far the test rows are distributed otherwise than the training rows: PSI and a two-sample χ² test.

    Of PD, score and decision the training rows' are those out of fold. The largest PSI comes first.
    """
    fields = {feature.name: feature for feature in card.features}
    samples = {
        subject_of(name): (
            rows_of(one, *counted(training[name], fields[name])),
            rows_of(one, *counted(test[name], fields[name])),
        )
        for name, one in development.features.items()
    }
    samples |= answers_of(answered, pd_of, development, card)
    found = [
        {"subject": subject, "psi": psi(*pair), "p_value": chi_squared(*pair)[1]} for subject, pair in samples.items()
    ]
    return sorted(found, key=lambda each: -each["psi"])


def answers_of(
    answered: Vector, pd_of: Vector, development: Development, card: Card
) -> dict[str, tuple[list[int], list[int]]]:
    """Return the counts of PD, score and decision among training rows and test rows."""
    named = {name: getattr(development, name) for name in ANSWERS}
    return {
        name: (rows_of(one, *_of_answer(name, answered, card)), rows_of(one, *_of_answer(name, pd_of, card)))
        for name, one in named.items()
    }


def _of_answer(name: str, pd_of: Vector, card: Card) -> tuple[list[Any], Counts]:
    if name == "decision":
        return [decide(float(one), card.threshold) for one in pd_of], np.ones(len(pd_of), dtype=np.int64)
    values, counts = unique(scores_of(pd_of, card) if name == "score" else pd_of)
    return values.tolist(), counts


def rows_of(distribution: Distribution, values: Sequence[Any], counts: Counts) -> list[int]:
    """Return how many rows lie in each bin."""
    rows = np.zeros(len(distribution.rows), dtype=np.int64)
    np.add.at(rows, distribution.places(values), counts)
    found: list[int] = rows.tolist()
    return found
