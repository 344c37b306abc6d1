"""policy.yaml -> what a version must show before it becomes champion, and when the monitor alarms

An unknown key is refused with the nearest one.
"""

from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, ValidationError

from src.errors import LastroError, sentences
from src.files import read_yaml
from src.params import Section

POLICY = Path("policy.yaml")
Share = Annotated[float, Field(ge=0, le=1)]


class Rule(Section):
    """What is asked of the difference from the champion: not worse by `margin` or more, or better."""

    rule: Literal["not_worse", "better"]
    margin: Annotated[float, Field(gt=0, allow_inf_nan=False)]


class Most(Section):
    """The largest value that passes."""

    most: Share


class Least(Section):
    """The smallest value that passes."""

    least: Share


class Monitoring(Section):
    """When the monitor alarms; a policy of an earlier release has the same defaults."""

    alpha: Annotated[float, Field(gt=0, lt=0.5)] = 0.01
    least_psi: Annotated[float, Field(ge=0, allow_inf_nan=False)] = 0.1
    least_rows: Annotated[int, Field(ge=1)] = 200
    windows: Annotated[int, Field(ge=1)] = 2
    maturity_days: Annotated[int, Field(ge=1)] = 365
    least_bads: Annotated[int, Field(ge=1)] = 20
    ratio: Annotated[float, Field(ge=1, allow_inf_nan=False)] = 1.25
    volume_ratio: Annotated[float, Field(gt=1, allow_inf_nan=False)] = 3.0
    silence_hours: Annotated[float, Field(gt=0, allow_inf_nan=False)] | None = None
    retrain: bool = False


class Policy(Section):
    """All of policy.yaml."""

    on_publish: Literal["challenger", "promote"]
    confidence: Annotated[float, Field(gt=0.5, lt=1)]
    least_rows: Annotated[int, Field(ge=1)]
    roc_auc: Rule
    expected_cost: Rule
    ece: Most
    approval_ratio: Least
    clean_commit: bool
    parity: bool
    monitoring: Monitoring = Monitoring()


def read_policy(path: Path = POLICY) -> Policy:
    """Read and check the policy; raises LastroError with one line a problem."""
    try:
        return Policy.model_validate(read_yaml(path))
    except ValidationError as error:
        raise LastroError(sentences(error, str(path))) from None
