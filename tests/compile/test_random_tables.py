"""Random contracts and tables: whatever was fitted on them is served with its PDs, and the declined learn why"""

import math
import os
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import pytest
from threadpoolctl import threadpool_limits

from src.compile.compiler import compile_model
from src.model import additive
from src.model.applicants import random_applicants
from src.model.candidates import build
from src.model.card import Card, features_of, read_card
from src.model.metrics import cost_threshold
from src.model.points import ROUNDING
from src.model.reference import reference
from src.params import Text
from src.pipeline.export import checked
from src.pipeline.train import final, suggested
from src.serving.predictors import predictor_of
from src.serving.scorer import Applicant, Scored, Scorer
from tests.compile.random_tables import RandomTable, random_table
from tests.conftest import ROOT
from tests.serving.kinds import applicants, committed

TABLES = int(os.environ.get("TEST_TABLES", "12"))  # `make test-tables` looks at more
KEPT = Text(least=5, most=4)  # of the texts of a small table
OTHERS = 120  # applicants beside those of the table


@dataclass(frozen=True)
class Made:
    """A model of a table, its card, and the applicants that it is asked about."""

    model: Any
    card: Card
    given: pd.DataFrame


def made(table: RandomTable, name: str, calibrated: bool, seed: int) -> Made:
    """Fit as training does, and decide as its card says."""
    features, threshold = suggested(features_of(table.package), table.X, KEPT), cost_threshold(table.costs)
    model = final(build(committed(), features, seed, KEPT)[name], calibrated, 2, seed).fit(table.X, table.bad)
    typical = reference(table.X, lambda rows: model.predict_proba(rows)[:, 1], threshold, features)
    card = read_card(ROOT / "models" / "model.json").model_copy(
        update={"features": features, "reference": typical, "threshold": threshold}
    )
    given = pd.concat([table.X.astype(object), random_applicants(features, OTHERS, seed)], ignore_index=True)
    return Made(model, card, given)


def hold_reasons(scorer: Scorer, card: Card, given: list[Applicant]) -> None:
    """Every declined applicant has reasons that together lower the PD, unless the reference's values do not."""
    scored = scorer.score_all(given)
    declined = [(who, found) for who, found in zip(given, scored, strict=True) if found.decision == "decline"]
    (best,) = scorer.predictor.probabilities([scorer.predictor.row(card.reference)])
    for who, found in declined:
        assert found.reasons != [] or best >= found.probability_of_default - ROUNDING, (who, found, best)
    changed = [who | {reason.feature: card.reference[reason.feature] for reason in found.reasons}
               for who, found in declined]  # fmt: skip
    afterwards = scorer.score_all(changed) if changed else []
    for (who, found), after in zip(declined, afterwards, strict=True):
        if found.reasons:
            assert after.probability_of_default < found.probability_of_default - ROUNDING, (who, found, after)
            hold_points(found)
    rows = [scorer.predictor.row(who) for who in given]
    alone = [scorer.predictor.probabilities([row])[0] for row in rows]
    assert alone == [found.probability_of_default for found in scored]
    assert [scorer.score(who) for who in given[:5]] == scored[:5]


def hold_points(found: Scored) -> None:
    """The points are positive, the strongest first; only reasons that hold together alone are more than four."""
    told = [reason.points for reason in found.reasons]
    assert min(told) > 0, found
    assert told == sorted(told, reverse=True), found
    assert len(told) <= 4 or len(set(told)) == 1, found


# however few rows it was fitted on, what training keeps must be served alike
@pytest.mark.filterwarnings("ignore:The max_iter was reached:sklearn.exceptions.ConvergenceWarning")
@pytest.mark.parametrize("seed", range(TABLES))
def test_every_kind_is_served_as_fitted_and_tells_the_declined_why(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(additive, "LEAST_GAIN", -math.inf)  # few rows hold no pair that is more than chance
    table = random_table(seed)
    with threadpool_limits(1):
        for place, name in enumerate(committed()):
            found = made(table, name, calibrated=(seed + place) % 2 == 1, seed=seed)
            compiled = compile_model(found.model, found.card.features)
            checked(found.card, found.model, compiled, table.X, seed, rows=OTHERS)
            scorer = Scorer(predictor_of(compiled, compiled.trees), found.card)
            hold_reasons(scorer, found.card, applicants(found.given))


def test_random_tables_hold_what_they_promise() -> None:
    tables = [random_table(seed) for seed in range(24)]
    columns = [(column, table.X[column.name]) for table in tables for column in table.package.features]
    assert {column.kind for column, _ in columns} == {"integer", "number", "boolean", "category", "text", "date"}
    assert all(30 <= len(table.X) <= 200 and 4 <= table.bad.sum() <= len(table.bad) - 4 for table in tables)
    held = {
        "constant": any(values.nunique() == 1 for _, values in columns),
        "all missing": any(values.isna().all() for _, values in columns),
        "optional without a missing value": any(
            not column.constraints.required and values.notna().all() for column, values in columns
        ),
        "huge": any(column.kind == "number" and (values > 1e20).any() for column, values in columns),
        "half a median": any(
            column.kind == "integer" and values.dtype != object and values.notna().any() and values.median() % 1 == 0.5
            for column, values in columns
        ),
    }
    assert [name for name, found in held.items() if not found] == []
    again = random_table(3)
    assert again.X.equals(tables[3].X)
    assert np.array_equal(again.bad, tables[3].bad)
