"""applicants by columns -> their PDs, scores, decisions and reasons: the row form's numbers to the last bit

What is looked up is looked up once for each distinct value; sums are added in the row form's order, one after another;
and what numpy rounds otherwise than Python (exp, log2) is Python's.
"""

import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from src.batch.checking import Column
from src.batch.formulas import Floats, calibrated, each, of_formula, sigmoid
from src.batch.lookup import Lookup, places_of, weights_of
from src.batch.sums import sums_of
from src.model.artifact import read_verified
from src.model.development import Development, read_development
from src.model.points import LEAST
from src.params import Scale
from src.serving.calibration import Calibration
from src.serving.export import TREES
from src.serving.pairs import PairCode
from src.serving.predictors import Served, TreesPredictor, load
from src.serving.reasons import Gain
from src.serving.trees import from_bytes

BLOCK = 1 << 14  # rows
Columns = Mapping[str, Column]
Table = NDArray[Any]  # weights or places


class Scores(NamedTuple):
    """What the model says of each applicant; reasons of those who are declined, where they were asked for."""

    pd: Floats
    score: NDArray[np.int32]
    declined: NDArray[np.bool_]
    reasons: list[list[Gain]] | None


class Model(NamedTuple):
    """A model as it is served; the powers of two of which the sums of its trees are whole; its development sample.

    `reference` is None where none of this very model was delivered.
    """

    served: Served
    exponents: tuple[int, ...]
    reference: Development | None


def read_model(folder: Path) -> Model:
    """Return the model of a folder, verified; raises LastroError where a file is not the one that is named."""
    served, reference, path = load(folder), read_development(folder), folder / TREES
    if reference is not None and reference.sha256 != served.card.sha256:
        reference = None
    if not served.export.formula:
        return Model(served, (), reference)
    trees = from_bytes(read_verified(path, served.export.sha256), path)
    return Model(served, tuple(trees.exponents.tolist()), reference)


def score(model: Model, columns: Columns, reasons: bool) -> Scores:
    """Score applicants, some thousands at a time: what is made of them stays close to the processor."""
    lookups = lookups_of(model.served, columns)
    count = len(lookups[0].codes)
    blocks = [slice(start, start + BLOCK) for start in range(0, max(count, 1), BLOCK)]
    parts = [score_block(model, [lookup.of(rows) for lookup in lookups], reasons) for rows in blocks]
    pd, points, declined = (np.concatenate(arrays) for arrays in zip(*(part[:3] for part in parts), strict=True))
    told = [its for part in parts for its in part.reasons or ()] if reasons else None
    return Scores(pd, points, declined, told)


def score_block(model: Model, rows: list[Table], reasons: bool) -> Scores:
    """Score applicants whose rows are there by columns."""
    served = model.served
    pd = probabilities(model, rows)
    declined = pd >= served.card.threshold
    found = reasons_of(served, rows, pd, declined) if reasons else None
    return Scores(pd, points(pd, served.card.scale), declined, found)


def lookups_of(served: Served, columns: Columns) -> list[Lookup]:
    """Return how the row form's rows are made: weights where the model is a table of points, else places of codes."""
    export = served.export
    if export.formula or export.pairs:
        return [places_of(field, columns) for field in export.fields]
    return [weights_of(field, columns) for field in export.fields]


def probabilities(model: Model, rows: list[Table]) -> Floats:
    """Return the PD of each row."""
    export, predictor = model.served.export, model.served.predictor
    if export.formula and isinstance(predictor, TreesPredictor):
        sums = sums_of(predictor.engine, np.stack(rows, axis=1))
        return of_formula(export.formula, sums, model.exponents)
    if export.pairs:
        weights = [np.array(field.weights or [0.0] * (field.count + 1)) for field in export.fields]
        steps = [table.take(places) for table, places in zip(weights, rows, strict=True)]
        names = {field.name: place for place, field in enumerate(export.fields)}
        steps += [together(pair, rows[names[pair.first]], rows[names[pair.second]]) for pair in export.pairs]
    else:
        steps = list(rows)
    return probability(added(steps, export.intercept or 0.0), export.calibration)


def together(pair: PairCode, first: Table, second: Table) -> Floats:
    """Return what two features add together."""
    weights = np.array(pair.weights)
    found: Floats = weights[np.array(pair.rows)[first], np.array(pair.columns)[second]]
    return found


def added(steps: list[Table], intercept: float) -> Floats:
    """Return the log-odds: what each step adds, one after another, then the intercept."""
    total = np.zeros(len(steps[0]))
    for step in steps:
        total += step
    return intercept + total


def probability(log_odds: Floats, calibration: Calibration | None) -> Floats:
    """Return the PD of log-odds."""
    return calibrated(calibration, log_odds) if calibration else sigmoid(log_odds)


def points(pd: Floats, scale: Scale) -> NDArray[np.int32]:
    """Return the scores: `src.model.points.points` of each."""
    kept = np.minimum(np.maximum(pd, LEAST), 1 - LEAST)
    raw = scale.points + scale.pdo * each(math.log2, (1 - kept) / kept / scale.odds)
    return np.rint(np.minimum(np.maximum(raw, scale.minimum), scale.maximum)).astype(np.int32)


def reasons_of(served: Served, rows: list[Table], pd: Floats, declined: NDArray[np.bool_]) -> list[list[Gain]]:
    """Return the reasons of each applicant, found as the row form finds them; none of those who are approved."""
    asked = np.flatnonzero(declined)
    found: list[list[Gain]] = [[] for _ in range(len(pd))]
    lists = zip(*(column[asked].tolist() for column in rows), strict=True)
    gains = served.scorer.yardstick.gains
    for place, row, own in zip(asked.tolist(), lists, pd[asked].tolist(), strict=True):
        found[place] = gains(list(row), own)
    return found
