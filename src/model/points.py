"""probability of default <-> points and decision"""

import math
from typing import Literal

from src.params import Scale

Decision = Literal["approve", "decline"]
LEAST = 1e-9
ROUNDING = 1e-12  # a PD that is lower by less is not lower: sums are rounded


def points(pd: float, scale: Scale) -> int:
    """Return the score: `points` at `odds`, `pdo` more double the odds of repaying, within bounds (Siddiqi 2006).

    >>> scale = Scale(points=600, odds=20, pdo=40, minimum=300, maximum=850)
    >>> [points(1 / (1 + odds), scale) for odds in (20, 40, 10)]
    [600, 640, 560]
    """
    kept = min(max(pd, LEAST), 1 - LEAST)
    raw = scale.points + scale.pdo * math.log2((1 - kept) / kept / scale.odds)
    return round(min(max(raw, scale.minimum), scale.maximum))


def decide(pd: float, threshold: float) -> Decision:
    """Return the decision: decline where the PD reaches the threshold."""
    return "decline" if pd >= threshold else "approve"
