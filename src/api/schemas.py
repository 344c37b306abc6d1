"""what the answers hold"""

import re
from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import AwareDatetime, BaseModel, BeforeValidator, Field, JsonValue

from src.journal.outcomes import Status
from src.journal.tables import Kept, Purpose
from src.model.points import Decision
from src.params import Scale

Text = Annotated[str, Field(max_length=1024)]
DATED = re.compile(r"\d{4}-\d\d-\d\d")


def dated(value: Any) -> Any:
    """Refuse numbers, bare or as a text, which pydantic would take for seconds since 1970."""
    if not isinstance(value, str) or not DATED.match(value):
        raise ValueError("must begin with a date, such as 2026-01-31")
    return value


Timed = Annotated[AwareDatetime, BeforeValidator(dated)]


class ReasonOut(BaseModel):
    """A feature that counts against the applicant."""

    feature: str
    title: str
    value: str | bool | int | float | None
    points: float = Field(description="points that the typical approved applicant's value would add")


class ModelOut(BaseModel):
    """Where the model comes from; `version` and `git_commit` are null until it is published."""

    name: str
    version: str | None
    sha256: str
    git_commit: str | None
    data_md5: str


class PredictionOut(BaseModel):
    """The answer for one applicant."""

    prediction_id: str
    probability_of_default: float = Field(ge=0, le=1)
    score: int
    decision: Decision
    reasons: list[ReasonOut] = Field(description="for every declined applicant; for any with ?reasons=true")
    model: ModelOut


class BatchOut(BaseModel):
    """One answer for each applicant, in their order."""

    predictions: list[PredictionOut]


class FeaturesOut(BaseModel):
    """How it stands with the stored features of applicants."""

    compatible: bool = Field(description="whether the champion's contract takes them")
    rows: int = Field(description="applicants")
    newest: datetime | None = Field(description="the newest row's event_time")
    age_s: float | None = Field(description="seconds since then")
    package: str | None = Field(description="the data package by which they were checked; null where nothing is stored")


class TokenOut(BaseModel):
    """A user's token, and the seconds for which it is good."""

    access_token: str
    token_type: Literal["bearer"] = "bearer"  # noqa: S105  # a word of RFC 6750
    expires_in: int


class RecordedModel(BaseModel):
    """The model that answered then."""

    sha256: str
    version: str | None
    form_sha256: str | None = Field(description="of the served form, export.json; null in rows of old releases")
    git_commit: str | None = Field(description="the model's; null where no commit makes it, and in old rows")


class OutcomeOut(BaseModel):
    """What became of an applicant, as it counts now."""

    outcome: str = Field(description="the label's text")
    observed_at: datetime


class RecordedOut(BaseModel):
    """A prediction as the log holds it."""

    prediction_id: str
    caller: str = Field(description="who asked: a key's name, or user:NAME")
    time: datetime
    probability_of_default: float
    score: int
    decision: Decision
    reasons: list[ReasonOut]
    inputs: dict[str, str | bool | int | float | None]
    model: RecordedModel
    model_asked: str | None = Field(description="the version that was asked for by ?model=, if one was")
    threshold: float | None = Field(description="the PD from which on it declined; null in rows of old releases")
    scale: Scale | None = Field(description="what turned this PD into points; null in rows of old releases")
    purpose: Purpose | None = Field(description="a what-if is no applicant; null in rows of old releases")
    applicant_id: str | None = Field(None, description="whose stored features answered; null where none did")
    feature_time: datetime | None = Field(None, description="their event_time")
    outcome: OutcomeOut | None = Field(None, description="null until it is known")
    kept: Kept = Field("whole", description="archived: inputs and reasons left the log; forgotten: they are no more")


class ScoredOut(BaseModel):
    """What a model says of an applicant."""

    probability_of_default: float
    score: int
    decision: Decision
    reasons: list[ReasonOut]


class VerifiedOut(BaseModel):
    """A logged answer, the same one computed again now, and whether they are equal to the last bit."""

    equal: bool
    logged: ScoredOut
    again: ScoredOut


class PageOut(BaseModel):
    """Predictions, newest first; `next` is the cursor of the following page, null at the end."""

    predictions: list[RecordedOut]
    next: str | None


class OutcomeStatus(BaseModel):
    """What became of an entry."""

    prediction_id: str
    status: Status


class OutcomesOut(BaseModel):
    """One status for each entry, in their order."""

    results: list[OutcomeStatus]


class ModelInfo(BaseModel):
    """The card, the served form, where the model comes from."""

    model: ModelOut
    form_sha256: str = Field(description="of the served form, export.json, which names model and card")
    dvc_prefix: str | None = Field(description="where DVC's objects are, files/md5/…; null until it is published")
    published: datetime | None = Field(description="when this version was published; null until it is")
    computed_by: Literal["points", "kernel", "numpy", "nodes"] = Field(
        description="what sums up a score; kernel and numpy find the same ones"
    )
    card: dict[str, JsonValue]
    export: dict[str, JsonValue]


class VersionOut(BaseModel):
    """How it stands with a version of the model."""

    version: str | None
    alias: Literal["champion", "challenger"] | None
    form_sha256: str = Field(description="of export.json: what is served")
    sha256: str = Field(description="of model.pkl")
    git_commit: str | None
    since: datetime | None = Field(description="since when it is what it is; null where nothing says so")
    state: Literal["serving", "refused", "not delivered"]
    why: str | None = Field(None, description="why it does not serve")

    @property
    def named(self) -> str:
        """Return its number, and what it is beside that."""
        return f"{self.version} ({self.alias})" if self.alias else f"{self.version}"


class ShadowOut(BaseModel):
    """How far the challenger agrees with the champion on the newest applicants that both have scored."""

    rows: int
    same_decision: int
    mean_difference: float = Field(description="mean of the absolute differences of the two PDs")
    approved_by_challenger_only: int
    approved_by_champion_only: int


class VersionsOut(BaseModel):
    """What this service has: the event that it follows, who is champion and challenger, each version, what happened."""

    event: int | None = Field(description="number of the chain's event that is served; null without deliveries")
    champion: str | None = Field(description="the version that answers; null where it has no number")
    challenger: str | None
    why: str | None = Field(description="why something newer is not served")
    versions: list[VersionOut]
    history: list[dict[str, JsonValue]] = Field(description="the chain's newest events, as far as they were delivered")
    shadow: ShadowOut | None = Field(
        description="null where the challenger has scored none of this champion's applicants"
    )


class VersionInfo(BaseModel):
    """One version: where it comes from, its card, served form, contract and evaluation."""

    model: ModelOut
    form_sha256: str
    card: dict[str, JsonValue]
    export: dict[str, JsonValue]
    schema_: dict[str, JsonValue] = Field(alias="schema", description="JSON schema of one applicant")
    evaluation: dict[str, JsonValue] | None


class TraitOut(BaseModel):
    """A feature in which a group differs from all applicants: its mean, or the share that has this value."""

    feature: str
    title: str
    value: str | bool | int | float | None = Field(description="whose share it is; null for a number's mean")
    here: float
    all: float
    difference: float = Field(description="in standard deviations of all applicants")


class SwappedOut(BaseModel):
    """Applicants whom one version approves and the other declines."""

    approved_by: str
    declined_by: str
    applicants: int
    expected_bads: dict[str, float] = Field(description="the sum of their PDs, by each version")
    traits: list[TraitOut] = Field(description="what differs most; none of a group of less than five")


class SwapSetOut(BaseModel):
    """How two versions decide on the same applicants."""

    rows: int
    left_out: int = Field(description="whom one of the two contracts refuses")
    both_approve: int
    both_decline: int
    groups: list[SwappedOut]


class WorkerOut(BaseModel):
    """What one process of the service serves."""

    pid: int
    event: int | None
    champion: str | None


class ReloadOut(BaseModel):
    """What all processes of the service serve after they looked again."""

    event: int | None
    workers: list[WorkerOut]
