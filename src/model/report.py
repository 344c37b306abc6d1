"""predictions on a table -> the evaluation as data: metrics with intervals, curves, fairness"""

from typing import Any

import numpy as np
import pandas as pd
from joblib import Parallel, cpu_count, delayed
from numpy.typing import NDArray
from sklearn.metrics import auc, precision_recall_curve, roc_auc_score, roc_curve
from sklearn.utils import check_random_state
from threadpoolctl import threadpool_limits

from src.contract.fields import state_column
from src.model.card import Card
from src.model.groups import LEAST_PEOPLE, grouped
from src.model.metrics import Bad, Vector, score_all
from src.model.points import points
from src.model.resampling import bootstrap
from src.params import Evaluate

Records = list[dict[str, Any]]
MOST_POINTS = 200
WORKERS, MANY_SHUFFLED = 2, 5_000  # processes, and the rows from which they take less time than they need to start
MOST_SHUFFLED = 10_000  # rows; of more, a loss of AUC is told to the third digit by so many


def metrics_of(bad: Bad, pd_of: Vector, card: Card, params: Evaluate, seed: int) -> dict[str, dict[str, float]]:
    """Return each metric's value, 95 % interval, and value of the baseline that gives everybody the bad rate."""
    threshold, costs = card.threshold, card.costs.pair
    values = score_all(bad, pd_of, threshold, costs)
    baseline = score_all(bad, np.full(len(bad), card.target.bad_rate), threshold, costs)
    intervals = bootstrap(bad, pd_of, threshold, costs, params.bootstrap, seed)
    return {
        name: {"value": value, "low": intervals[name][0], "high": intervals[name][1], "baseline": baseline[name]}
        for name, value in values.items()
    }


def _records(x: Vector, y: Vector, names: tuple[str, str]) -> Records:
    return [{names[0]: float(right), names[1]: float(up)} for right, up in zip(x, y, strict=True)]


def _thinned(x: Vector, y: Vector, most: int = MOST_POINTS) -> tuple[Vector, Vector]:
    kept = np.unique(np.linspace(0, len(x) - 1, min(len(x), most)).round().astype(np.intp))
    return x[kept], y[kept]


def _as_large(x: Vector, y: Vector) -> tuple[Vector, Vector]:
    """Return so many of a curve's points that the area under the lines between them is the curve's, to three digits."""
    area, most = round(float(auc(x, y)), 3), MOST_POINTS
    while round(float(auc(*_thinned(x, y, most))), 3) != area:
        most *= 2
    return _thinned(x, y, most)


def curves_of(bad: Bad, pd_of: Vector, card: Card, bins: int) -> dict[str, Records]:
    """Return the points of each curve, by its name: at most 200 where that is enough.

    Straight lines between those of the ROC curve have the area that the AUC says, to three digits.
    """
    false_positive, true_positive, _ = roc_curve(bad, pd_of)
    precision, recall, _ = precision_recall_curve(bad, pd_of)
    return {
        "roc": _records(*_as_large(false_positive, true_positive), ("false_positive_rate", "true_positive_rate")),
        "precision_recall": _records(*_thinned(recall[::-1], precision[::-1]), ("recall", "precision")),
        "calibration": _calibration(bad, pd_of, bins),
        "scores": _scores(bad, pd_of, card, bins),
        "confusion": _confusion(bad, pd_of, card.threshold),
    }


def _calibration(bad: Bad, pd_of: Vector, bins: int) -> Records:
    groups = np.array_split(np.argsort(pd_of, kind="stable"), min(bins, len(bad)))
    return [
        {"mean_pd": float(pd_of[rows].mean()), "bad_rate": float(bad[rows].mean()), "count": len(rows)}
        for rows in groups
    ]


def _scores(bad: Bad, pd_of: Vector, card: Card, bins: int) -> Records:
    scale = card.scale
    edges = np.linspace(scale.minimum, scale.maximum, 2 * bins + 1)
    scores = np.array([points(float(value), scale) for value in pd_of])
    good, defaulted = (np.histogram(scores[bad == outcome], edges)[0] for outcome in (0, 1))
    return [
        {"score": float(low), "to": float(high), "good": int(g), "bad": int(b)}
        for low, high, g, b in zip(edges[:-1], edges[1:], good, defaulted, strict=True)
    ]


def _confusion(bad: Bad, pd_of: Vector, threshold: float) -> Records:
    declined = pd_of >= threshold
    return [
        {
            "outcome": "bad" if outcome else "good",
            "decision": "decline" if decision else "approve",
            "count": int(((bad == outcome) & (declined == decision)).sum()),
        }
        for outcome in (0, 1)
        for decision in (False, True)
    ]


def importance_of(model: Any, X: pd.DataFrame, bad: Bad, rounds: int, seed: int) -> Records:
    """Return how much ROC AUC is lost when a feature's values are shuffled, the largest loss first (Breiman 2001).

    Where there are more than 10 000 rows, so many of them are drawn by the seed, as large a share of them bad. Many are
    predicted by two processes, which find the same bits.
    """
    kept = drawn(bad, MOST_SHUFFLED, seed)
    X, bad = X.iloc[kept], bad[kept]
    value, orders = roc_auc_score(bad, model.predict_proba(X)[:, 1]), _orders(len(X), rounds, seed)
    tables = X.iloc[np.tile(np.arange(len(X)), rounds)]

    def record(name: str) -> dict[str, Any]:
        shuffled = tables.assign(**{name: X[name].take(orders.ravel()).array})
        with threadpool_limits(1):  # in whichever process, equal bits
            pd_of = model.predict_proba(shuffled)[:, 1].reshape(rounds, -1)
        losses = value - np.array([roc_auc_score(bad, round_) for round_ in pd_of])
        return {"feature": name, "loss": float(losses.mean()), "std": float(losses.std())}

    workers = min(WORKERS, cpu_count()) if len(bad) >= MANY_SHUFFLED else 1
    records: Records = Parallel(n_jobs=workers)(delayed(record)(name) for name in X.columns)
    return sorted(records, key=lambda record: -record["loss"])


def drawn(bad: Bad, most: int, seed: int) -> NDArray[np.intp]:
    """Return the places of all rows, or of `most` of them, at least one of each outcome that there is."""
    if len(bad) <= most:
        return np.arange(len(bad))
    random = np.random.default_rng(seed)
    groups = [np.flatnonzero(bad == outcome) for outcome in (0, 1)]
    sizes = [min(len(group), max(1, round(most * len(group) / len(bad)))) for group in groups]
    return np.sort(
        np.concatenate([random.choice(group, size, replace=False) for group, size in zip(groups, sizes, strict=True)])
    )


def _orders(rows: int, rounds: int, seed: int) -> NDArray[np.intp]:
    """Return the rows shuffled, then those shuffled again, as scikit-learn's permutation_importance does."""
    random = check_random_state(check_random_state(seed).randint(np.iinfo(np.int32).max + 1))
    order, places, found = np.arange(rows), np.arange(rows), []
    for _ in range(rounds):
        random.shuffle(order)
        places = places[order]
        found.append(places)
    return np.array(found)


def by_month(days: pd.Series, bad: Bad, pd_of: Vector) -> Records:
    """Return one record a month of the applications: how many, how many bad, and how well they were predicted.

    AUC is null where a month has one outcome only; an application without a day is in no month.
    """
    months = days.dt.strftime("%Y-%m")
    records: Records = []
    for month in sorted(months.dropna().unique()):
        rows = (months == month).to_numpy(dtype=bool, na_value=False)
        records.append(
            {
                "month": month,
                "rows": int(rows.sum()),
                "bads": int(bad[rows].sum()),
                "roc_auc": _auc(bad[rows], pd_of[rows]),
                "brier": float(np.mean((pd_of[rows] - bad[rows]) ** 2)),
            }
        )
    return records


def by_origin(bad: Bad, pd_of: Vector, own: int, card: Card, params: Evaluate, seed: int) -> dict[str, Records]:
    """Return the metrics of the data package's own rows, the first, and of those that outcomes have added, apart.

    Where outcomes have added none it is nothing. Metrics are null where rows have one outcome only.
    """
    if own == len(bad):
        return {}
    parts = {"package": slice(0, own), "outcomes": slice(own, None)}
    return {
        "by_origin": [
            {
                "origin": origin,
                "rows": len(bad[rows]),
                "bads": int(bad[rows].sum()),
                "expected": float(pd_of[rows].sum()),
                "metrics": metrics_of(bad[rows], pd_of[rows], card, params, seed)
                if 0 < bad[rows].sum() < len(bad[rows])
                else None,
            }
            for origin, rows in parts.items()
        ]
    }


def _auc(bad: Bad, pd_of: Vector) -> float | None:
    return float(roc_auc_score(bad, pd_of)) if 0 < bad.sum() < len(bad) else None


def _column(table: pd.DataFrame, name: str) -> pd.Series:
    """Return a field's values, and where it has none, the reason if one is known."""
    values = table[name]
    if state_column(name) not in table:
        return values
    if pd.api.types.is_datetime64_any_dtype(values):
        values = values.dt.year.astype("Int64")
    states = table[state_column(name)]
    return values.astype(object).where(values.notna(), None).where(states.isna(), states)


def fairness_of(training: pd.DataFrame, table: pd.DataFrame, bad: Bad, pd_of: Vector, card: Card) -> Records:
    """Return one record a group of each protected field: size, approval rate, AUC, bad rate beside mean PD.

    Which groups there are, the training rows say.

    `approval_ratio` is the group's approval rate over the highest of the field's groups that are not `too_few` ("four
    fifths rule"), null where there is none; AUC is null where a group has one outcome only.
    """
    records: Records = []
    for name in card.protected:
        values = grouped(_column(training, name), _column(table, name)).remove_unused_categories()
        groups = [(str(value), values == value) for value in values.categories]
        approved = {value: float((pd_of[rows] < card.threshold).mean()) for value, rows in groups}
        highest = max((approved[value] for value, rows in groups if rows.sum() >= LEAST_PEOPLE), default=0.0)
        for value, rows in groups:
            records.append(
                {
                    "field": name,
                    "group": value,
                    "count": int(rows.sum()),
                    "too_few": bool(rows.sum() < LEAST_PEOPLE),
                    "approval_rate": approved[value],
                    "approval_ratio": approved[value] / highest if highest else None,
                    "roc_auc": _auc(bad[rows], pd_of[rows]),
                    "bad_rate": float(bad[rows].mean()),
                    "mean_pd": float(pd_of[rows].mean()),
                }
            )
    return records
