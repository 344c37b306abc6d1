"""params.yaml's candidates and the training rows -> the candidates that take part, their open settings filled in"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from src.errors import LastroError
from src.model.kinds import KINDS
from src.model.selection import FEWEST_MEMBERS
from src.params import Candidate

Why = Literal["rows", "size"]
FEW_ROWS = 5000  # below, folds are drawn several times
REPEATS = 3


@dataclass(frozen=True)
class Entrants:
    """The candidates that take part, in the order of params.yaml, and why others do not.

    "rows": the training rows are too few or too many for it; "size": it has more nodes than `train.max_nodes`.
    """

    present: dict[str, Candidate]
    left_out: dict[str, Why]

    def without(self, names: Mapping[str, Why]) -> "Entrants":
        """Return those that are left; a blend is of the members that are, and left out where fewer than two are."""
        left_out, present = self.left_out | dict(names), {}
        for name, candidate in self.present.items():
            kept = [part for part in candidate.parts if part not in left_out]
            if name in left_out:
                continue
            if not candidate.parts:
                present[name] = candidate
            elif len(kept) >= FEWEST_MEMBERS:
                present[name] = candidate.model_copy(update={"members": kept})
            else:
                left_out[name] = next(left_out[part] for part in candidate.parts if part in left_out)
        if not present:
            raise LastroError(f"train.candidates: none takes part ({', '.join(left_out)} are left out)")
        return Entrants(present, left_out)


def entrants(candidates: Mapping[str, Candidate], rows: int) -> Entrants:
    """Return the candidates that take part where there are so many training rows; raises LastroError for none."""
    grown = {name: KINDS[candidate.kind].grown(candidate, rows) for name, candidate in candidates.items()}
    outside: dict[str, Why] = {name: "rows" for name, candidate in grown.items() if not candidate.takes(rows)}
    return Entrants(grown, {}).without(outside)


def repeats_of(asked: int | None, rows: int) -> int:
    """Return how often folds are drawn: as often as asked for, else 3 times where rows are few."""
    return asked or (REPEATS if rows < FEW_ROWS else 1)
