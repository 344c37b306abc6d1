"""params.yaml -> typed parameters; an unknown key is refused with the nearest known name"""

import difflib
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Annotated, Any, Literal, Protocol, Self

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, ValidationInfo, model_validator

from src.contract.costs import Costs
from src.errors import LastroError, sentences
from src.files import read_yaml

Positive = Annotated[float, Field(gt=0)]
Count = Annotated[int, Field(ge=1)]
Share = Annotated[float, Field(gt=0, lt=1)]


class Section(BaseModel):
    """A part of params.yaml; refuses keys that it does not know."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    @model_validator(mode="before")
    @classmethod
    def _known_keys(cls, given: Any) -> Any:
        for key in given if isinstance(given, dict) else ():
            if key not in cls.model_fields:
                raise ValueError(_unknown("parameter", key, cls.model_fields))
        return given


def _unknown(what: str, given: object, known: Iterable[str]) -> str:
    (near,) = difflib.get_close_matches(str(given), list(known), n=1, cutoff=0)
    return f"unknown {what} {given!r}; the nearest known one is {near!r}"


class Split(Section):
    """How much of the table is held out: `by: seed` any rows with the same share of bads, `by: time` the newest."""

    by: Literal["seed", "time"] = "seed"
    test_share: Share


class Scale(Section):
    """Points: `points` at `odds` (repaid : defaulted), `pdo` more double them; kept within the bounds."""

    points: float
    odds: Positive
    pdo: Positive
    minimum: float
    maximum: float


class Candidate(Section):
    """One candidate of training; what else it takes, its kind says.

    It takes part where the training rows are at least `min_rows` and at most `max_rows`.
    """

    kind: str
    min_rows: Count | None = None
    max_rows: Count | None = None

    @property
    def parts(self) -> list[str]:
        """Return the names of the candidates whose mean it is; none where it is fitted by itself."""
        return []

    @property
    def blends(self) -> bool:
        """Say whether it can be a member of a blend."""
        return True

    def takes(self, rows: int) -> bool:
        """Say whether it takes part where there are so many training rows."""
        return (self.min_rows or 0) <= rows and (self.max_rows is None or rows <= self.max_rows)


class HasParams(Protocol):
    """What params.yaml may say of one kind of candidate; the table of kinds is `src.model.kinds`."""

    @property
    def params(self) -> type[Candidate]:
        """Return the type of its candidates."""


def _of_its_kind(given: Any, info: ValidationInfo) -> Candidate:
    """Return the candidate as its kind reads it; where no table of kinds is given, its kind is all that is read."""
    if not isinstance(given, dict):
        raise ValueError("a candidate is a mapping with a `kind`")
    candidate = Candidate.model_validate({key: value for key, value in given.items() if key == "kind"})
    if info.context is None:
        return candidate
    kinds: Mapping[str, HasParams] = info.context
    if candidate.kind not in kinds:
        raise ValueError(_unknown("kind", candidate.kind, kinds))
    return kinds[candidate.kind].params.model_validate(given)


Metric = Literal["roc_auc", "pr_auc", "ks", "brier", "log_loss", "ece", "expected_cost"]
Directions = Literal["bind", "ignore", "best"]


class Text(Section):
    """Which values of a text are told apart: the `most` frequent of those with at least `least` training rows."""

    least: Count = 30
    most: Count = 200


def _search_or_nothing(given: Any) -> Any:
    """Refuse what is no mapping, in the words of params.yaml."""
    if given is not None and not isinstance(given, dict | Searching):
        raise ValueError("a search is null, or {trials: N}")
    return given


class Searching(Section):
    """How many values of its parameters each candidate tries whose kind has some to try."""

    trials: Count


class Train(Section):
    """Which candidates compete, on which folds, by which metric and rule."""

    folds: Annotated[int, Field(ge=2)]
    repeats: Count | None = None
    metric: Metric
    rule: Literal["best", "one_standard_error"]
    calibration: Literal["isotonic", "none"]
    directions: Directions = "bind"
    text: Text = Text()
    max_nodes: Count = 400_000
    search: Annotated[Searching | None, BeforeValidator(_search_or_nothing)] = None
    candidates: Annotated[dict[str, Annotated[Candidate, BeforeValidator(_of_its_kind)]], Field(min_length=1)]

    @model_validator(mode="after")
    def _members_exist(self) -> Self:
        bases = [name for name, candidate in self.candidates.items() if not candidate.parts]
        for name, candidate in self.candidates.items():
            for part in candidate.parts:
                if part not in bases:
                    raise ValueError(f"candidates.{name}.members: {part!r} is none of the candidates {bases}")
                if not self.candidates[part].blends:
                    raise ValueError(f"candidates.{name}.members: {part!r} is of kind r, which no blend can hold")
        return self


class Evaluate(Section):
    """How finely the test split is looked at."""

    bootstrap: Annotated[int, Field(ge=100)]
    permutations: Count
    bins: Annotated[int, Field(ge=2)]


class Params(Section):
    """All of params.yaml."""

    dataset: str
    seed: Annotated[int, Field(ge=0, lt=2**32)]
    costs: Costs | None
    split: Split
    scale: Scale
    train: Train
    evaluate: Evaluate


def read_params(path: Path, kinds: Mapping[str, HasParams] | None = None) -> Params:
    """Read and check the parameters; raises LastroError with one line a problem.

    The candidates are read by the table of `kinds`; who has no use for them gives none, and only learns their kinds.
    """
    try:
        return Params.model_validate(read_yaml(path), context=kinds)
    except ValidationError as error:
        raise LastroError(sentences(error, str(path))) from None
