"""outcomes and PDs -> observed beside expected bads by score band, and whether chance alone could do it"""

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.stats import binomtest

from src.model.card import Card
from src.model.distributions import edges_of, scores_of, unique
from src.model.metrics import Bad, Vector, spiegelhalter_z
from src.model.segments import wilson

LEAST_ROWS, MOST_BANDS = 30, 10
NORMAL = 1.959964  # standard deviations on either side that hold 95 %


def edges(pd_of: Vector, rows: int, card: Card) -> NDArray[np.float64]:
    """Return the upper edges of score bands of about equally many of these PDs, ten or as many as suit `rows` rows."""
    bands = min(MOST_BANDS, max(1, rows // LEAST_ROWS))
    return np.array(edges_of(*unique(scores_of(pd_of, card)), bands) if bands > 1 and len(pd_of) else [], np.float64)


def calibration_of(bad: Bad, pd_of: Vector, upper: NDArray[np.float64], card: Card) -> dict[str, Any]:
    """Return observed and expected bads of a sample, Spiegelhalter's z, and the same by band of `upper` score edges.

    `p_value` is of the two-sided exact binomial test that a band's applicants default at the rate of their mean PD
    (Clopper & Pearson 1934). Their PDs differ, so that the true spread is smaller: it errs towards "no difference".
    `low` and `high` are the 95 % bounds of the bads (Wilson 1927).
    """
    places = np.searchsorted(upper, scores_of(pd_of, card))
    z = spiegelhalter_z(bad, pd_of) if len(bad) else float("nan")
    bands = [_band(bad[places == place], pd_of[places == place], place, upper) for place in range(len(upper) + 1)]
    return {
        "rows": len(bad),
        "observed": int(bad.sum()),
        "expected": float(pd_of.sum()),
        "spiegelhalter_z": None if np.isnan(z) else z,
        "bands": bands,
    }


def _band(bad: Bad, pd_of: Vector, place: int, upper: NDArray[np.float64]) -> dict[str, Any]:
    rows, observed, expected = len(bad), int(bad.sum()), float(pd_of.sum())
    low, high = wilson(observed, rows, NORMAL) if rows else (None, None)
    return {
        "from": int(upper[place - 1]) + 1 if place else None,
        "to": int(upper[place]) if place < len(upper) else None,
        "rows": rows,
        "observed": observed,
        "expected": expected,
        "low": low,
        "high": high,
        "p_value": float(binomtest(observed, rows, min(expected / rows, 1.0)).pvalue) if rows else None,
    }
