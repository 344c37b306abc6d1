"""a field as it is proposed, and what somebody has to decide about it"""

from dataclasses import dataclass, field
from typing import Any, Literal

from src.contract.drafting.reading import Reading

Role = Literal["feature", "target", "protected", "id", "time", "ignored"]
COSTS = {"false_accept": 5, "false_reject": 1}


@dataclass(frozen=True)
class Decision:
    """One thing that only a person can decide: about which field, of what kind, in a sentence."""

    field: str
    kind: str
    sentence: str


@dataclass
class Proposal:
    """A field as it is proposed: its role, how it is read, and what is to be decided."""

    name: str
    role: Role
    reading: Reading
    filled: int
    rows: int
    extra: dict[str, Any] = field(default_factory=dict)
    decisions: list[Decision] = field(default_factory=list)

    def decide(self, kind: str, sentence: str, role: Role | None = None) -> None:
        """Note a decision, and the role that is proposed until it is made."""
        self.decisions.append(Decision(self.name, kind, sentence))
        self.role = role or self.role


def costs(target: str) -> Decision:
    """Return the decision that every lender has to take."""
    sentence = "one accepted defaulter is taken to cost as much as five refused payers: say what your errors cost"
    return Decision(target, "costs", sentence)
