"""numbers -> how a validation report writes them"""

from collections.abc import Mapping
from typing import Any

NONE = "\N{EN DASH}"
METRICS = {
    "roc_auc": "ROC AUC (0 to 1)",
    "gini": "Gini (-1 to 1)",
    "ks": "KS (0 to 1)",
    "pr_auc": "PR AUC (0 to 1)",
    "brier": "Brier (0 to 1)",
    "log_loss": "log loss (nats)",
    "ece": "calibration error, ECE (PD)",
    "expected_cost": "mean cost (an applicant; costs in the lineage)",
}


def named(metric: str) -> str:
    """Return what a metric is called, with its unit."""
    return METRICS.get(metric, metric)


def number(value: float | None, digits: int = 3) -> str:
    """Return a number; a dash where there is none.

    >>> number(0.84012), number(1234, 0), number(None) == NONE
    ('0.840', '1,234', True)
    """
    return NONE if value is None else f"{value:,.{digits}f}"


def whole(value: int | None) -> str:
    """Return a count."""
    return number(value, 0)


def share(part: float | None, digits: int = 1) -> str:
    """Return a share in percent."""
    return NONE if part is None else f"{part:.{digits}%}"


def interval(found: Mapping[str, Any] | None, digits: int = 3) -> str:
    """Return a value with its 95 % interval.

    >>> interval({"value": 0.84, "low": 0.78, "high": 0.9}, 2)
    '0.84 (0.78 to 0.90)'
    """
    if found is None:
        return NONE
    value, low, high = (number(found[name], digits) for name in ("value", "low", "high"))
    return f"{value} ({low} to {high})"


def signed(value: float | None, digits: int = 3) -> str:
    """Return a change."""
    return NONE if value is None else f"{value:+,.{digits}f}"


def band(low: int | None, high: int | None) -> str:
    """Return the scores of a band.

    >>> band(None, 416), band(417, 457), band(458, None)
    ('up to 416', '417 to 457', 'from 458')
    """
    if low is None:
        return "any" if high is None else f"up to {high}"
    return f"from {low}" if high is None else f"{low} to {high}"
