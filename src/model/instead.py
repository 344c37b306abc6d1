"""the model's PDs, those of the best table of points -> what that table would have decided in the model's place"""

from typing import Any

import numpy as np
import pandas as pd

from src.model.calibration import part_of
from src.model.card import Card
from src.model.metrics import Bad, Vector, score_all
from src.model.paired import auc_difference, cost_difference
from src.model.rows import READABLE

SHOWN = ("roc_auc", "ks", "brier", "ece", "expected_cost")
CONFIDENCE = 0.95
NO_TABLE = "no candidate with a table of points took part"
ITSELF = "the model is its own table of points"
NOT_HELD = "the model does not hold it"


def instead_of(
    model: Any, name: str | None, card: Card, trained: pd.DataFrame, X: pd.DataFrame, bad: Bad, pd_of: Vector
) -> dict[str, Any]:
    """Return how the candidate `name` compares with the model, on training rows out of fold and on the test rows.

    `trained` are models/train_rows.parquet. `says` tells why there is nothing to compare; on the test rows it is
    compared where the model holds it, since nothing is fitted here. Neither's calibration is part of the table.
    """
    if name is None or name == card.candidate:
        return {"candidate": name, "says": ITSELF if name else NO_TABLE, "out_of_fold": None, "test": None}
    part = part_of(model, card.calibrated, card.candidate, name)
    theirs = part.predict_proba(X)[:, 1] if part is not None else None
    return {
        "candidate": name,
        "says": NOT_HELD if theirs is None else None,
        "out_of_fold": _out_of_fold(trained, card),
        "test": None if theirs is None else beside(bad, theirs, pd_of, card),
    }


def _out_of_fold(trained: pd.DataFrame, card: Card) -> dict[str, Any]:
    rows = trained[trained["probability_of_default"].notna()]
    table, model = (rows[name].to_numpy(dtype=np.float64) for name in (READABLE, "probability_of_default"))
    return beside(rows["bad"].to_numpy(dtype=np.int64), table, model, card)


def beside(bad: Bad, table: Vector, model: Vector, card: Card) -> dict[str, Any]:
    """Return metrics of both (the table's first), how much better the model is, and who decides how, at one threshold.

    A difference is paired, in the metric's good direction, with its 95 % interval (src/model/paired.py); it wants two
    rows of each outcome.
    """
    threshold, costs = card.threshold, card.costs.pair
    scores = [score_all(bad, pds, threshold, costs) for pds in (table, model)]
    declined = (table >= threshold, model >= threshold)
    bads = int(bad.sum())
    differences = (
        {
            "roc_auc": auc_difference(bad, table, model),
            "expected_cost": cost_difference(bad, *declined, costs),
        }
        if min(bads, len(bad) - bads) > 1
        else {}
    )
    return {
        "rows": len(bad),
        "bads": bads,
        "metrics": {name: [each[name] for each in scores] for name in SHOWN},
        "differences": {
            name: dict(zip(("value", "low", "high"), (one.value, *one.interval(CONFIDENCE)), strict=True))
            for name, one in differences.items()
        },
        "decisions": [
            {
                "table": "decline" if first else "approve",
                "model": "decline" if second else "approve",
                "rows": int(rows.sum()),
                "bads": int(bad[rows].sum()),
            }
            for first in (False, True)
            for second in (False, True)
            for rows in [(declined[0] == first) & (declined[1] == second)]
        ],
    }
