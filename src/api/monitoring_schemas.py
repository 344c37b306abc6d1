"""what the answers about the time after the answer hold: checks, cohorts, alerts"""

from datetime import datetime
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, JsonValue

from src.journal.outbox import Severity

LINE = r"^[^\x00-\x1f\x7f]*$"
LINES = r"^[^\x00-\x08\x0b-\x1f\x7f]*$"  # tabs and line ends, no other sign that is none
Receiver = Literal["ok", "none", "failing", "refused"]


class CheckOut(BaseModel):
    """What one check found in one closed window; `alarm` is null where the window was too small to judge."""

    model_version: str | None
    form_sha256: str = Field(description="of the served form; empty where a check is of no version")
    model_sha256: str | None
    kind: str = Field(description="drift, volume, silence, calibration or fairness")
    subject: str
    window_start: datetime
    window_end: datetime
    rows: int
    psi: float | None
    psi_training: float | None = Field(description="against the training rows, where live applicants are the reference")
    statistic: float | None
    p_value: float | None
    value: float | None
    limit: float | None
    alarm: bool | None
    says: str | None


class FoundOut(BaseModel):
    """What the monitor found, beside these; the rest is named in docs/monitoring.md."""

    model_config = ConfigDict(extra="allow")
    __pydantic_extra__: dict[str, JsonValue] = Field(init=False)

    model_version: str | None
    form_sha256: str
    time: datetime = Field(description="when it was found")


class CohortOut(FoundOut):
    """The applications of one month that a version answered, and what is known of them."""

    month: str
    mature: bool


class ViewOut(FoundOut):
    """What a picture of a version is drawn from."""

    kind: str


class CountedOut(BaseModel):
    """A version whose applications were counted; `says` is why it is not judged."""

    model_version: str | None
    form_sha256: str
    model_sha256: str
    rows: int
    first: datetime
    last: datetime
    judged: bool
    says: str | None


class AlertEventOut(BaseModel):
    """What became of an alert, and when."""

    time: datetime
    state: str
    value: float | None
    rows: int | None
    why: str | None
    by: str | None
    until: datetime | None


class AlertOut(BaseModel):
    """An alert from its firing on, in words that a person can act on."""

    id: str
    kind: str
    subject: str
    model_version: str | None
    state: Literal["ok", "firing", "resolved", "acknowledged"]
    since: datetime
    value: float | None
    limit: float | None
    rows: int | None
    text: str
    command: str
    delivered_at: datetime | None = Field(description="when the receiver took it; null until then")
    acknowledged_until: datetime | None = Field(description="null where it is known for good, or not at all")
    events: list[AlertEventOut] = Field(description="its history, the oldest first")


class RunOut(BaseModel):
    """The monitor's last success."""

    last_success: datetime
    rows_counted: int


class MonitoringOut(BaseModel):
    """What the monitor has found, newest first."""

    checks: list[CheckOut]
    cohorts: list[CohortOut]
    alerts: list[AlertOut]
    views: list[ViewOut]
    versions: list[CountedOut]
    run: RunOut | None = Field(description="null until the monitor has run")


class AlertStatusOut(BaseModel):
    """The alerts that fire now or are known, and whether people learn of them."""

    alerts: list[AlertOut]
    receiver: Receiver = Field(description="of the messages, as the monitor met it last; none: it has no address")
    undelivered: int
    last_success: datetime | None = Field(description="of the monitor; null until it has run")


class AlertHistoryOut(BaseModel):
    """Alerts, newest first; `next` is the cursor of the following page, null at the end."""

    alerts: list[AlertOut]
    next: str | None


class Message(BaseModel):
    """What people are to be told."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "example": {"title": "Rates change on Monday", "text": "Expect more applications.", "severity": "info"}
        },
    )

    title: Annotated[str, Field(min_length=1, max_length=200, pattern=LINE)]
    text: Annotated[str, Field(min_length=1, max_length=3000, pattern=LINES)]
    severity: Severity


class QueuedOut(BaseModel):
    """A message that the monitor will send."""

    id: str
