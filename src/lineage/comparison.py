"""two versions' folders -> what differs: parameters, data, metrics with intervals, the paired difference"""

from pathlib import Path
from typing import Any, NamedTuple

from src.lineage.gates import Facts
from src.lineage.policy import Policy


class Side(NamedTuple):
    """A version: its name, its folder as `chain.fetch` writes it, what `publish` found of it."""

    version: str
    folder: Path
    facts: Facts


def compared(policy: Policy, first: Side, second: Side) -> dict[str, Any]:
    """Return what `compare FIRST SECOND --json` prints; the differences are the second's from the first."""
    raise NotImplementedError


def told(found: dict[str, Any]) -> str:
    """Return the same as text of some lines."""
    raise NotImplementedError
