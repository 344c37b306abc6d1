"""who defaulted, and the predicted probabilities -> how good the prediction is

Every function takes `bad` (0 or 1) and `pd` (probability of default), both of shape (n,), and returns a float.
"""

import numpy as np
from numpy.typing import NDArray
from sklearn import config_context
from sklearn.metrics import average_precision_score, brier_score_loss, log_loss, roc_auc_score, roc_curve

from src.contract.costs import Costs
from src.files import DIGITS

Vector = NDArray[np.float64]
Bad = NDArray[np.int64]
GREATER_IS_BETTER = {
    "roc_auc": True,
    "gini": True,
    "ks": True,
    "pr_auc": True,
    "brier": False,
    "log_loss": False,
    "ece": False,
    "expected_cost": False,
}


def cost_threshold(costs: Costs) -> float:
    """Return the PD from which declining is the cheaper decision (Elkan 2001, eq. 2), to 6 digits.

    >>> cost_threshold(Costs(false_accept=5, false_reject=1))
    0.166667
    """
    return round(costs.false_reject / (costs.false_accept + costs.false_reject), DIGITS)


def ks(bad: Bad, pd: Vector) -> float:
    """Return the largest distance between the score distributions of bads and goods (Kolmogorov-Smirnov)."""
    false_positive, true_positive, _ = roc_curve(bad, pd)
    return float(np.max(true_positive - false_positive))


def ece(bad: Bad, pd: Vector, bins: int = 10) -> float:
    """Return the expected calibration error over equally wide bins (Naeini et al. 2015)."""
    codes = np.minimum((pd * bins).astype(np.intp), bins - 1)
    gaps = np.abs(np.bincount(codes, weights=pd - bad, minlength=bins))
    return float(gaps.sum() / len(bad))


def expected_cost(bad: Bad, pd: Vector, threshold: float, costs: Costs) -> float:
    """Return the mean cost an applicant of the decision "decline where PD >= threshold".

    Here one bad is accepted (5), one good is declined (1), and two decisions are right:

    >>> bad, pd = np.array([1, 1, 0, 0]), np.array([0.1, 0.9, 0.1, 0.9])
    >>> expected_cost(bad, pd, 0.5, Costs(false_accept=5, false_reject=1))
    1.5
    """
    declined = pd >= threshold
    wrong = np.where(bad == 1, costs.false_accept * ~declined, costs.false_reject * declined)
    return float(wrong.mean())


def losses(bad: Bad, pd: Vector) -> Vector:
    """Return each row's logarithmic loss, of a PD as near to 0 or 1 as float64 can tell from it."""
    least = np.finfo(np.float64).eps
    found: Vector = -np.log(np.clip(np.where(bad == 1, pd, 1 - pd), least, 1 - least))
    return found


def spiegelhalter_z(bad: Bad, pd: Vector) -> float:
    """Return by how many standard deviations the Brier score is off from what true PDs give (Spiegelhalter 1986).

    Where they are true it is normal, with mean 0 and deviation 1; NaN where every PD is 0, .5 or 1.

    >>> round(spiegelhalter_z(np.array([1, 0, 0, 0]), np.array([0.2, 0.2, 0.2, 0.2])), 4)
    0.25
    """
    weights = 1 - 2 * pd
    spread = float(np.sqrt(np.sum(weights**2 * pd * (1 - pd))))
    return float(np.sum((bad - pd) * weights)) / spread if spread else float("nan")


def score_all(bad: Bad, pd: Vector, threshold: float, costs: Costs) -> dict[str, float]:
    """Return every metric of one prediction, by the names of GREATER_IS_BETTER."""
    with config_context(skip_parameter_validation=True, assume_finite=True):  # half of the time of few rows
        auc = float(roc_auc_score(bad, pd))
        return {
            "roc_auc": auc,
            "gini": 2 * auc - 1,
            "ks": ks(bad, pd),
            "pr_auc": float(average_precision_score(bad, pd)),
            "brier": float(brier_score_loss(bad, pd)),
            "log_loss": float(log_loss(bad, pd, labels=[0, 1])),
            "ece": ece(bad, pd),
            "expected_cost": expected_cost(bad, pd, threshold, costs),
        }
