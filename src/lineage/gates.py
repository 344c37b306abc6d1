"""two versions' folders + policy.yaml -> the gates: what a challenger has shown, what it has not, what cannot be told"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple, Protocol

from src.lineage.policy import Policy

DECISIVE = ("roc_auc", "expected_cost")  # a promotion needs an answer of these


class Facts(Protocol):
    """What `publish` found of a version."""

    @property
    def git_commit(self) -> str | None: ...
    @property
    def git_dirty(self) -> bool: ...


class Gate(NamedTuple):
    """A gate's answer: `passed` is None where it cannot tell, or has no subject; `says` is a sentence."""

    name: str
    passed: bool | None
    value: float | None
    limit: float | None
    says: str


def judge(
    policy: Policy,
    champion: Path | None,
    challenger: Path,
    facts: Facts,
    applicants: Sequence[Mapping[str, Any]] | None,
) -> list[Gate]:
    """Return every gate's answer about a challenger; `facts` are the challenger's.

    The folders are as `chain.fetch` writes them. `applicants` are the inputs of the champion's last logged ones, None
    where no journal is in reach (src.journal.recent).
    """
    raise NotImplementedError


def stops(gates: Sequence[Gate]) -> bool:
    """Say whether these gates stop a promotion: one is not passed, or the AUC's or the cost's cannot tell."""
    return any(gate.passed is False or (gate.passed is None and gate.name in DECISIVE) for gate in gates)
