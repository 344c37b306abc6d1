"""all rows, out-of-fold PDs of the training rows -> models/reference.json: what live applicants are compared with"""

import json
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from src.files import rounded
from src.model.calibration import mapped
from src.model.card import Card
from src.model.development import Approved, Band, Development, Interval
from src.model.distributions import (
    Fineness,
    Predict,
    answers_of,
    drafted,
    edges_of,
    scores_of,
    typed_features,
    unique,
    with_points,
)
from src.model.metrics import Bad, Vector, score_all, spiegelhalter_z
from src.model.resampling import bootstrap
from src.model.rows import DIGITS, UNCALIBRATED
from src.params import Evaluate

LIMIT = 100_000  # bytes of the file
FINE = Fineness(groups=10, values=50)
COARSER = (Fineness(10, 20), Fineness(5, 10), Fineness(3, 4))  # of tables with very many fields
LEAST_ROWS = 30  # of a score band
METRICS = ("roc_auc", "gini", "ks", "brier")
NORMAL = 1.959964  # standard deviations on either side that hold 95 %


class OutOfFold(NamedTuple):
    """Outcomes and PDs of the training rows that were predicted out of fold.

    `pd_of` is calibrated out of fold too, and says how good PDs are. But each fold's calibration has steps of its own:
    how answers are distributed, `answered` says, to which the model's own calibration was applied.
    """

    bad: Bad
    pd_of: Vector
    answered: Vector


def out_of_fold(trained: pd.DataFrame, model: Any, card: Card) -> OutOfFold:
    """Return the rows of models/train_rows.parquet that have a PD."""
    rows = trained[trained["probability_of_default"].notna()]
    bad, pd_of = rows["bad"].to_numpy(dtype=np.int64), rows["probability_of_default"].to_numpy(dtype=np.float64)
    if not card.calibrated:
        return OutOfFold(bad, pd_of, pd_of)
    return OutOfFold(bad, pd_of, mapped(model, rows[UNCALIBRATED].to_numpy(dtype=np.float64)).round(DIGITS))


def developed(
    X: pd.DataFrame,
    seen: OutOfFold,
    card: Card,
    predict: Predict,
    names: Sequence[str],
    params: Evaluate,
    seed: int,
) -> bytes:
    """Return the file's content: at most 100 000 bytes.

    `X` holds all rows' features, `names` are those of the features, the most important first. Where very many features
    would make the file too large, numbers have fewer groups and fewer values a bin of their own; where that is not
    enough, the least important features are left out.
    """
    said = {
        "sha256": card.sha256,
        "rows": len(X),
        "out_of_fold": len(seen.bad),
        "approved": approved_of(seen.bad, seen.pd_of, card, params, seed),
        **answers_of(seen.answered, card, FINE.groups),
    }
    for fineness, kept in trials(names):
        said["left_out"], found = len(names) - len(kept), typed_features(X, card, fineness, set(kept))
        if len(written(Development(**said, features=drafted(found)))) <= LIMIT:
            break
    return written(Development(**said, features=with_points(found, X, card, predict)))


def trials(names: Sequence[str]) -> Iterator[tuple[Fineness, Sequence[str]]]:
    """Yield how fine the bins are, and of which features, coarser each time; at last of a feature alone."""
    yield from ((fineness, names) for fineness in (FINE, *COARSER))
    while len(names) > 1:
        names = names[: len(names) * 3 // 4]
        yield COARSER[-1], names


def approved_of(bad: Bad, pd_of: Vector, card: Card, params: Evaluate, seed: int) -> Approved:
    """Return what became of the rows that the threshold approves."""
    kept = pd_of < card.threshold
    bad, pd_of = bad[kept], pd_of[kept]
    return Approved(
        rows=len(bad),
        expected=rounded(float(pd_of.sum())),
        observed=int(bad.sum()),
        bands=bands_of(bad, pd_of, card),
        metrics=metrics_of(bad, pd_of, card, params, seed),
    )


def bands_of(bad: Bad, pd_of: Vector, card: Card) -> list[Band]:
    """Return bands of scores of about equally many rows: ten, or as many as leave 30 rows to each."""
    if not len(bad):
        return []
    scores = scores_of(pd_of, card)
    groups = min(FINE.groups, max(1, len(bad) // LEAST_ROWS))
    edges = np.array(edges_of(*unique(scores), groups) if groups > 1 else [])
    places = np.searchsorted(edges, scores)
    found = []
    for place in range(len(edges) + 1):
        rows = places == place
        low = int(edges[place - 1]) + 1 if place else None
        high = int(edges[place]) if place < len(edges) else None
        expected, observed = rounded(float(pd_of[rows].sum())), int(bad[rows].sum())
        found.append(Band(low=low, high=high, rows=int(rows.sum()), expected=expected, observed=observed))
    return found


def metrics_of(bad: Bad, pd_of: Vector, card: Card, params: Evaluate, seed: int) -> dict[str, Interval | None]:
    """Return the metrics with 95 % intervals; null where the rows have one outcome only.

    Spiegelhalter's z has a standard deviation of 1, the others' intervals are of resamples (src/model/resampling.py).
    """
    if not 0 < bad.sum() < len(bad):
        return dict.fromkeys([*METRICS, "spiegelhalter_z"])
    threshold, costs = card.threshold, card.costs.pair
    values = score_all(bad, pd_of, threshold, costs)
    intervals = bootstrap(bad, pd_of, threshold, costs, params.bootstrap, seed)
    found: dict[str, Interval | None] = {name: _interval(values[name], *intervals[name]) for name in METRICS}
    z = spiegelhalter_z(bad, pd_of)
    return found | {"spiegelhalter_z": None if np.isnan(z) else _interval(z, z - NORMAL, z + NORMAL)}


def _interval(value: float, low: float, high: float) -> Interval:
    return Interval.model_validate(rounded({"value": value, "low": low, "high": high}))


def written(found: Development) -> bytes:
    """Return the file's content: JSON with a line for each field, and for each feature."""
    content = found.model_dump(mode="json")
    lines = [f" {json.dumps(name)}: {_line(name, value)}" for name, value in content.items()]
    return ("{\n" + ",\n".join(lines) + "\n}\n").encode()


def _line(name: str, value: Any) -> str:
    if name != "features":
        return json.dumps(value, ensure_ascii=False, allow_nan=False)
    lines = [f"  {json.dumps(one, ensure_ascii=False)}: {_line('', what)}" for one, what in value.items()]
    return "{\n" + ",\n".join(lines) + "\n }"
