"""approved applicants with outcomes -> whether their base rate is the reference's, and how many have which score

A bare bad rate differs by selection alone. What is compared is observed over expected bads: those of the log by the PDs
that were answered, the reference's by PDs out of fold, each among the approved.
"""

from collections.abc import Sequence
from typing import NamedTuple

from src.model.development import Approved, Band

MOST = 1.5  # by which factor the one may be the other's multiple


class Answered(NamedTuple):
    """An application: the answer that it had, and what became of it."""

    probability_of_default: float
    score: int
    approved: bool
    bad: bool


class Bads(NamedTuple):
    """How many were bad, and how many the PDs expected."""

    observed: int
    expected: float

    @property
    def ratio(self) -> float:
        """Return the first over the second; 0 where nothing was expected."""
        return self.observed / self.expected if self.expected else 0.0

    def __str__(self) -> str:
        """Return both, and the ratio."""
        return f"{self.observed} bad, {self.expected:.1f} expected ({self.ratio:.2f})"


def bads_of(rows: Sequence[Answered]) -> Bads:
    """Return the bads among the approved."""
    approved = [row for row in rows if row.approved]
    return Bads(sum(row.bad for row in approved), sum(row.probability_of_default for row in approved))


def mixed(new: Bads, reference: Approved) -> str | None:
    """Return how the base rates differ by more than a factor of 1.5; None where they do not."""
    usual = Bads(reference.observed, reference.expected)
    low, high = sorted((new.ratio, usual.ratio))
    if low > 0 and high <= MOST * low:
        return None
    return f"of the approved with outcomes {new}, of the reference's approved {usual}: more than a factor of {MOST:g}"


def by_band(rows: Sequence[Answered], bands: Sequence[Band]) -> list[str]:
    """Return a line a band of the reference's scores: how many of the approved lie in it, and how many were bad.

    >>> upper = Band(low=601, high=None, rows=9, expected=1.0, observed=1)
    >>> by_band([Answered(0.1, 640, True, False), Answered(0.4, 500, False, True)], [upper])
    ['score from 601: 1 rows, 0 bad']
    """
    lines = []
    for band in bands or [Band(low=None, high=None, rows=0, expected=0.0, observed=0)]:
        found = [row for row in rows if row.approved and _holds(band, row.score)]
        ends = (f"from {band.low}" if band.low is not None else "", f"to {band.high}" if band.high is not None else "")
        named = " ".join(filter(None, ("score", *ends))) if any(ends) else "any score"
        lines.append(f"{named}: {len(found)} rows, {sum(row.bad for row in found)} bad")
    return lines


def _holds(band: Band, score: int) -> bool:
    return (band.low is None or score >= band.low) and (band.high is None or score <= band.high)
