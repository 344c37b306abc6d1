"""outcomes and PDs -> how well they rank: by sample, and within the bins of the features, each with its interval"""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from src.model.card import Feature
from src.model.groups import grouped
from src.model.metrics import Bad, Vector, ks
from src.model.paired import auc_and_error

NORMAL = 1.959964  # standard deviations on either side that hold 95 %
LEAST_ROWS, LEAST_OUTCOMES = 30, 5  # of a segment, and of each outcome in it: an interval of fewer is none
MOST_FEATURES = 10  # the most important ones, by whose bins the ranking is looked at
DAYS_BEFORE = " days before"


def ranked(bad: Bad, pd_of: Vector) -> dict[str, Any]:
    """Return rows, bads, AUC and Gini with 95 % intervals (DeLong et al. 1988), and KS; null without both outcomes."""
    bads = int(bad.sum())
    found: dict[str, Any] = {"rows": len(bad), "bads": bads, "roc_auc": None, "gini": None, "ks": None}
    if min(bads, len(bad) - bads) < 2:
        return found
    auc, error = auc_and_error(bad, pd_of)
    low, high = max(0.0, auc - NORMAL * error), min(1.0, auc + NORMAL * error)
    return found | {
        "roc_auc": {"value": auc, "low": low, "high": high},
        "gini": {"value": 2 * auc - 1, "low": 2 * low - 1, "high": 2 * high - 1},
        "ks": ks(bad, pd_of),
    }


def by_segment(
    training: pd.DataFrame, X: pd.DataFrame, bad: Bad, pd_of: Vector, features: Sequence[Feature], names: Sequence[str]
) -> list[dict[str, Any]]:
    """Return how well the PDs rank within each bin of a feature that has enough rows of either outcome.

    Looked at are the first ten of `names`, which are those of the features, the most important first.
    """
    known = {feature.name: feature for feature in features}
    found = []
    for name in names[:MOST_FEATURES]:
        unit = DAYS_BEFORE if known[name].type == "date" else ""
        bins = grouped(training[name], X[name], unit).remove_unused_categories()
        for place, label in enumerate(bins.categories):
            rows = np.asarray(bins.codes) == place
            bads = int(bad[rows].sum())
            if rows.sum() >= LEAST_ROWS and min(bads, int(rows.sum()) - bads) >= LEAST_OUTCOMES:
                found.append({"field": name, "bin": str(label), **ranked(bad[rows], pd_of[rows])})
    return found
