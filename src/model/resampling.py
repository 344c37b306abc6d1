"""predictions -> how far chance alone could move each metric: resamples as weights of rows that are sorted once"""

import numpy as np
from numpy.typing import NDArray

from src.contract.costs import Costs
from src.model.metrics import GREATER_IS_BETTER, Bad, Vector, losses

Weights = NDArray[np.int64]
BINS = 10  # of the calibration error


class Ranked:
    """Predictions in falling order of their PDs, of which every metric is known for any weights of the rows.

    A resample is how often it holds each row: so nothing is sorted again, and a resample costs what its rows do.
    """

    def __init__(self, bad: Bad, pd: Vector, threshold: float, costs: Costs) -> None:
        self.order = np.argsort(-pd, kind="stable")
        self.bad, self.pd = bad[self.order], pd[self.order]
        self.ends = np.flatnonzero(np.diff(self.pd, append=-1.0))  # of equal PDs the last
        self.bins = np.minimum((self.pd * BINS).astype(np.intp), BINS - 1)
        self.gap = self.pd - self.bad
        self.means = {
            "brier": self.gap**2,
            "log_loss": losses(self.bad, self.pd),
            "expected_cost": np.where(
                self.pd >= threshold, costs.false_reject * (self.bad == 0), costs.false_accept * (self.bad == 1)
            ).astype(np.float64),
        }

    def scores(self, weights: Weights) -> dict[str, float]:
        """Return every metric of the rows, each as often as its weight says; `weights` are in this order."""
        total = int(weights.sum())
        bads = np.cumsum(weights * self.bad)[self.ends]
        declined = np.cumsum(weights)[self.ends]
        goods = declined - bads
        found, reached = np.diff(bads, prepend=0), bads / bads[-1]
        auc = float(np.dot(np.diff(goods, prepend=0), bads - found / 2) / (bads[-1] * goods[-1]))
        precision = np.divide(bads, declined, out=np.zeros(len(bads)), where=declined > 0)
        gaps = np.bincount(self.bins, weights=weights * self.gap, minlength=BINS)
        return {
            "roc_auc": auc,
            "gini": 2 * auc - 1,
            "ks": float(np.max(reached - goods / goods[-1], initial=0.0)),
            "pr_auc": float(np.dot(found, precision) / bads[-1]),
            "ece": float(np.abs(gaps).sum() / total),
            **{name: float(np.dot(weights, values) / total) for name, values in self.means.items()},
        }


def bootstrap(
    bad: Bad, pd: Vector, threshold: float, costs: Costs, rounds: int, seed: int
) -> dict[str, tuple[float, float]]:
    """Return each metric's 95 % percentile interval over resamples stratified by outcome (Efron 1993)."""
    random = np.random.default_rng(seed)
    ranked = Ranked(bad, pd, threshold, costs)
    place = np.empty_like(ranked.order)
    place[ranked.order] = np.arange(len(bad))
    groups = [place[bad == outcome] for outcome in (0, 1)]
    draws: dict[str, list[float]] = {name: [] for name in GREATER_IS_BETTER}
    for _ in range(rounds):
        rows = np.concatenate([random.choice(group, len(group)) for group in groups])
        for name, value in ranked.scores(np.bincount(rows, minlength=len(bad))).items():
            draws[name].append(value)
    low, high = np.percentile(np.array(list(draws.values())), [2.5, 97.5], axis=1)
    return {name: (float(a), float(b)) for name, a, b in zip(draws, low, high, strict=True)}
