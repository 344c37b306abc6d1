"""params.yaml -> typed parameters; an unknown key is refused with the nearest known name"""

import difflib
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from src.contract.package import Costs
from src.errors import LastroError, sentences
from src.files import read_yaml

Positive = Annotated[float, Field(gt=0)]
Count = Annotated[int, Field(ge=1)]
Share = Annotated[float, Field(gt=0, lt=1)]


class _Section(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    @model_validator(mode="before")
    @classmethod
    def _known_keys(cls, given: Any) -> Any:
        for key in given if isinstance(given, dict) else ():
            if key not in cls.model_fields:
                near = difflib.get_close_matches(str(key), cls.model_fields, n=1, cutoff=0)
                raise ValueError(f"unknown parameter {key!r}; the nearest known one is {near[0]!r}")
        return given


class Split(_Section):
    """How much of the table is held out."""

    test_share: Share


class Scale(_Section):
    """Points: `points` at `odds` (repaid : defaulted), `pdo` more double them; kept within the bounds."""

    points: float
    odds: Positive
    pdo: Positive
    minimum: float
    maximum: float


class Scorecard(_Section):
    """Logistic regression on quantile bins; `C` is the inverse strength of its L2 penalty."""

    kind: Literal["scorecard"]
    bins: Annotated[int, Field(ge=2)]
    C: Positive


class Forest(_Section):
    """Random forest."""

    kind: Literal["forest"]
    trees: Count
    min_samples_leaf: Count
    max_features: Literal["sqrt", "log2"] | Annotated[float, Field(gt=0, le=1)]


class Boosting(_Section):
    """Histogram gradient boosting."""

    kind: Literal["boosting"]
    iterations: Count
    learning_rate: Positive
    max_leaf_nodes: Annotated[int, Field(ge=2)]
    min_samples_leaf: Count
    l2_regularization: Annotated[float, Field(ge=0)]
    max_features: Annotated[float, Field(gt=0, le=1)]


class Blend(_Section):
    """The mean of other candidates' probabilities."""

    kind: Literal["blend"]
    members: Annotated[list[str], Field(min_length=2)]


Base = Scorecard | Forest | Boosting
Candidate = Annotated[Base | Blend, Field(discriminator="kind")]
Metric = Literal["roc_auc", "pr_auc", "ks", "brier", "log_loss", "ece", "expected_cost"]


class Train(_Section):
    """Which candidates compete, on which folds, by which metric and rule."""

    folds: Annotated[int, Field(ge=2)]
    repeats: Count
    metric: Metric
    rule: Literal["best", "one_standard_error"]
    calibration: Literal["isotonic", "none"]
    candidates: Annotated[dict[str, Candidate], Field(min_length=1)]

    @model_validator(mode="after")
    def _members_exist(self) -> Self:
        bases = [name for name, candidate in self.candidates.items() if not isinstance(candidate, Blend)]
        for name, candidate in self.candidates.items():
            for member in candidate.members if isinstance(candidate, Blend) else ():
                if member not in bases:
                    raise ValueError(f"candidates.{name}.members: {member!r} is none of the candidates {bases}")
        return self


class Evaluate(_Section):
    """How finely the test split is looked at."""

    bootstrap: Annotated[int, Field(ge=100)]
    permutations: Count
    bins: Annotated[int, Field(ge=2)]


class Params(_Section):
    """All of params.yaml."""

    dataset: str
    seed: Annotated[int, Field(ge=0, lt=2**32)]
    costs: Costs | None
    split: Split
    scale: Scale
    train: Train
    evaluate: Evaluate


def read_params(path: Path) -> Params:
    """Read and check the parameters; raises LastroError with one line a problem."""
    try:
        return Params.model_validate(read_yaml(path))
    except ValidationError as error:
        raise LastroError(sentences(error, str(path))) from None
