"""approved applicants with outcomes, declined ones without -> metrics and cut-off, if the declined had these odds

The declined have no outcomes, and none is made up for one of them. Each counts as a part of a bad and a part of a good,
by the odds that its own PD says, or by twice or four times these: a band within which the truth may lie, or not.
"""

from typing import Any

import numpy as np

from src.contract.costs import Costs
from src.model.metrics import Bad, Vector

ODDS = (1, 2, 4)


def declined_band(
    approved: Vector, bad: Bad, declined: Vector, threshold: float, costs: Costs, stands_for: float = 1.0
) -> list[dict[str, Any]]:
    """Return metrics and the best cut-off of all applicants for each factor of the odds of the declined.

    `approved` are the PDs of those whose outcome `bad` is known; each counts `stands_for` times, where not all of the
    approved have one yet. `threshold` is that of the version; who reaches a cut-off is declined, and a best one of null
    approves everybody. Metrics that need both outcomes are null where one is missing.
    """
    return [_scenario(approved, bad, declined, threshold, costs, stands_for, factor) for factor in ODDS]


def _scenario(
    approved: Vector, bad: Bad, declined: Vector, threshold: float, costs: Costs, stands_for: float, factor: float
) -> dict[str, Any]:
    pds = np.concatenate([approved, declined])
    bads = np.concatenate([stands_for * bad, risen(declined, factor)])
    goods = np.concatenate([stands_for * (1 - bad), 1 - risen(declined, factor)])
    values, places = np.unique(pds, return_inverse=True)
    b, g = (np.bincount(places, each, len(values)).astype(np.float64) for each in (bads, goods))
    cuts, cost, share = cut_offs(values, b, g, costs)
    best, now = int(np.argmin(cost)), int(np.searchsorted(values, threshold))
    return {
        "odds": factor,
        "bads": float(bads.sum()),
        "bad_rate": float(bads.sum() / (bads + goods).sum()),
        "observed_to_expected": float(bads.sum() / np.dot(bads + goods, pds)),
        **ranking(b, g),
        "brier": float((np.dot(bads, (1 - pds) ** 2) + np.dot(goods, pds**2)) / (bads + goods).sum()),
        "expected_cost": float(cost[now]),
        "approval_rate": float(share[now]),
        "best_cut_off": float(cuts[best]) if best < len(values) else None,
        "best_cost": float(cost[best]),
        "best_approval_rate": float(share[best]),
    }


def risen(pd_of: Vector, factor: float) -> Vector:
    """Return the PDs whose odds of default are `factor` times those of these.

    >>> risen(np.array([0.2, 0.5]), 4).tolist()
    [0.5, 0.8]
    """
    found: Vector = factor * pd_of / (1 - pd_of + factor * pd_of)
    return found


def cut_offs(values: Vector, bads: Vector, goods: Vector, costs: Costs) -> tuple[Vector, Vector, Vector]:
    """Return every cut-off between two PDs, the mean cost of an applicant there, and the share that is approved.

    `values` are different PDs in order, with the bads and goods of each. The first cut-off declines everybody, the one
    after the last PD approves everybody.
    """
    total = bads.sum() + goods.sum()
    accepted, kept = (np.concatenate([[0.0], np.cumsum(each)]) for each in (bads, goods))
    cost = (costs.false_accept * accepted + costs.false_reject * (goods.sum() - kept)) / total
    cuts = np.concatenate([[0.0], (values[1:] + values[:-1]) / 2, [1.0]])
    return cuts, cost, (accepted + kept) / total


def ranking(bads: Vector, goods: Vector) -> dict[str, float | None]:
    """Return AUC, Gini and KS of weighted bads and goods by rising PD."""
    if not bads.sum() or not goods.sum():
        return dict.fromkeys(("roc_auc", "gini", "ks"))
    reached = np.cumsum(bads) / bads.sum(), np.cumsum(goods) / goods.sum()
    auc = float(np.dot(bads, np.cumsum(goods) - goods / 2) / (bads.sum() * goods.sum()))
    return {"roc_auc": auc, "gini": 2 * auc - 1, "ks": float(np.max(reached[1] - reached[0], initial=0.0))}
