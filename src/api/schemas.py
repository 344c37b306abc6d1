"""what the answers hold"""

from datetime import datetime
from typing import Annotated, Literal

from pydantic import BaseModel, Field, JsonValue

from src.journal.tables import Purpose
from src.model.points import Decision
from src.params import Scale

Text = Annotated[str, Field(max_length=1024)]


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


class ModelInfo(BaseModel):
    """The card, the served form, where the model comes from."""

    model: ModelOut
    dvc_prefix: str | None = Field(description="where DVC's objects are, files/md5/…; null until it is published")
    published: datetime | None = Field(description="when this version was published; null until it is")
    computed_by: Literal["points", "kernel", "numpy", "nodes"] = Field(
        description="what sums up a score; kernel and numpy find the same ones"
    )
    card: dict[str, JsonValue]
    export: dict[str, JsonValue]
