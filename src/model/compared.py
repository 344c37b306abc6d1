"""what was compared -> reports/candidates.json: the choice, what it was chosen from, and what a readable model costs"""

from collections.abc import Mapping

import pandas as pd
from sklearn.pipeline import Pipeline

from src.model import selection
from src.model.binning import weak_fields
from src.model.directions import Ways
from src.model.entrants import Entrants, repeats_of
from src.model.kinds import KINDS
from src.model.metrics import Bad
from src.model.selection import Choice, Scores, select
from src.params import Params

BOUNDS = {"min_rows", "max_rows"}  # of a candidate: which rows it takes is none of its parameters


def described(
    choice: Choice,
    scores: Scores,
    base: Scores,
    params: Params,
    entered: Entrants,
    rows: int,
    facts: Mapping[str, Mapping[str, object]],
) -> dict[str, object]:
    """Return what reports/candidates.json holds: the choice, each candidate's scores, and who was left out and why.

    A candidate's scores are the mean and the standard deviation over its folds, its parameters those that it had at so
    many training rows; `facts` holds what else is to say of it.
    """
    return {
        "chosen": choice.candidate,
        "metric": choice.metric,
        "rule": choice.rule,
        "calibrated": choice.calibrated,
        "brier_gain_of_calibration": choice.brier_gain,
        "rows": rows,
        "folds": params.train.folds,
        "repeats": repeats_of(params.train.repeats, rows),
        "baseline": {name: spread(by_metric) for name, by_metric in base.items()},
        "readability": readability(
            {name: by_metric[choice.metric] for name, by_metric in scores.items()}, choice, entered, params
        ),
        "candidates": {
            name: {
                "kind": candidate.kind,
                "params": entered.present.get(name, candidate).model_dump(exclude={"kind", *BOUNDS}),
                "left_out": entered.left_out.get(name),
                **facts.get(name, {}),
                **spread(scores.get(name, {})),
            }
            for name, candidate in params.train.candidates.items()
        },
    }


def spread(by_metric: Mapping[str, list[float]]) -> dict[str, dict[str, float]]:
    """Return each metric's mean and standard deviation over the folds."""
    return {
        metric: {"mean": float(pd.Series(values).mean()), "std": float(pd.Series(values).std())}
        for metric, values in by_metric.items()
    }


def facts_of(
    pipelines: Mapping[str, Pipeline],
    ways: Ways,
    searched: Mapping[str, dict[str, object]],
    X: pd.DataFrame,
    bad: Bad,
) -> dict[str, dict[str, object]]:
    """Return what the record says of each candidate beside its scores.

    `directions` is "bound" or "free", null where there is nothing to bind; `directions_gain` is what ROC AUC gains by
    being bound, null where not both were tried; `weak_fields` are what a scorecard leaves out; `searched` says what a
    search found, where there was one.
    """
    return {
        name: {
            "directions": ways.of(name),
            "directions_gain": ways.gains.get(name),
            "weak_fields": weak_fields(pipeline[0], X, bad),
        }
        | ({"searched": searched[name]} if name in searched else {})
        for name, pipeline in pipelines.items()
    }


def readability(
    scores: Mapping[str, list[float]], choice: Choice, entered: Entrants, params: Params
) -> dict[str, str | float | None]:
    """Return what a table of points costs: the best candidate's metric less the best readable one's, 95 % interval."""
    found = {name: values for name, values in scores.items() if KINDS[entered.present[name].kind].readable}
    best = select(scores, choice.metric, "best")
    if not found:
        return {"best": best, "readable": None, "difference": None, "low": None, "high": None}
    name = select(found, choice.metric, "best")
    difference, low, high = selection.paired_difference(scores[best], scores[name], params.train.folds)
    return {"best": best, "readable": name, "difference": difference, "low": low, "high": high}


def readable(choice: Choice, scores: Scores, entered: Entrants) -> str | None:
    """Return the candidate whose table of points is filed: the chosen one, else the best that has one; or None."""
    found = {name: scores[name][choice.metric] for name, c in entered.present.items() if KINDS[c.kind].readable}
    if not found or choice.candidate in found:
        return choice.candidate if found else None
    return select(found, choice.metric, "best")
