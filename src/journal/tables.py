"""the log's tables, as the newest migration leaves them, and a row of it"""

from datetime import UTC, datetime
from typing import Literal, NamedTuple, Self, get_args

import sqlalchemy as sa

from src.model.points import Decision

Purpose = Literal["application", "what-if"]
PURPOSES: tuple[Purpose, ...] = get_args(Purpose)  # the first is the default
Kept = Literal["whole", "archived", "forgotten"]
KEPT: tuple[Kept, ...] = get_args(Kept)
FORGOTTEN_INPUTS = "{}"  # of who was forgotten: no contract takes an applicant of whom nothing is known
ARCHIVED_INPUTS = "{ }"  # in memory alone, of a row whose inputs and reasons are in an archive
NO_REASONS = "[]"
METADATA = sa.MetaData()
PREDICTIONS = sa.Table(
    "predictions",
    METADATA,
    sa.Column("key_id", sa.Text, primary_key=True),
    sa.Column("id", sa.Text, primary_key=True),
    sa.Column("time", sa.DateTime(timezone=True), nullable=False),
    sa.Column("model_sha256", sa.Text, nullable=False),
    sa.Column("model_version", sa.Text),
    sa.Column("inputs", sa.Text, nullable=False),
    sa.Column("probability_of_default", sa.Float(53), nullable=False),
    sa.Column("score", sa.Integer, nullable=False),
    sa.Column("decision", sa.Text, nullable=False),
    sa.Column("reasons", sa.Text, nullable=False),
    sa.Column("threshold", sa.Float(53)),
    sa.Column("scale", sa.Text),
    sa.Column("purpose", sa.Text),
    sa.Column("form_sha256", sa.Text),
    sa.Column("git_commit", sa.Text),
    sa.Column("model_asked", sa.Text),
    sa.Column("service_id", sa.Text),
    sa.Column("applicant_id", sa.Text),
    sa.Column("feature_time", sa.DateTime(timezone=True)),
    sa.Index("predictions_id", "id"),
    sa.Index("predictions_applicant", "applicant_id"),  # where there is one; to say so here would load each dialect
)
SERVICES = sa.Table(
    "services",
    METADATA,
    sa.Column("id", sa.Text, primary_key=True),
    sa.Column("started", sa.DateTime(timezone=True), nullable=False),
    sa.Column("code_commit", sa.Text),
    sa.Column("code_dirty", sa.Boolean),
    sa.Column("python", sa.Text, nullable=False),
    sa.Column("onnxruntime", sa.Text),
    sa.Column("cpu", sa.Text),
    sa.Column("libraries", sa.Text, nullable=False),
)
SHADOWS = sa.Table(
    "shadows",
    METADATA,
    sa.Column("prediction_id", sa.Text, primary_key=True),
    sa.Column("form_sha256", sa.Text, primary_key=True),
    sa.Column("version", sa.Text),
    sa.Column("probability_of_default", sa.Float(53), nullable=False),
    sa.Column("score", sa.Integer, nullable=False),
    sa.Column("decision", sa.Text, nullable=False),
    sa.Column("time", sa.DateTime(timezone=True), nullable=False),
)
PROBE = sa.Table(
    "probe",
    METADATA,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("time", sa.DateTime(timezone=True)),
)


class Entry(NamedTuple):
    """One row, in the table's order; `inputs`, `reasons` and `scale` are JSON texts.

    Rows of the first release have no threshold, scale and purpose, those of the second not what follows: the served
    form's sha256, the model's commit, which version was asked for (null: none) and the service that answered.
    `applicant_id` and `feature_time` say whose stored features answered, and of when; null where none did.
    """

    key_id: str
    id: str
    time: datetime
    model_sha256: str
    model_version: str | None
    inputs: str
    probability_of_default: float
    score: int
    decision: Decision
    reasons: str
    threshold: float | None = None
    scale: str | None = None
    purpose: Purpose | None = None
    form_sha256: str | None = None
    git_commit: str | None = None
    model_asked: str | None = None
    service_id: str | None = None
    applicant_id: str | None = None
    feature_time: datetime | None = None

    @property
    def kept(self) -> Kept:
        """Return whether inputs and reasons are here, in an archive, or forgotten."""
        return {FORGOTTEN_INPUTS: KEPT[2], ARCHIVED_INPUTS: KEPT[1]}.get(self.inputs, KEPT[0])

    def zoned(self) -> Self:
        """Return the row with its times in UTC, a zone that SQLite does not keep."""
        feature_time = self.feature_time and zoned(self.feature_time)
        return self._replace(time=zoned(self.time), feature_time=feature_time)


def zoned(moment: datetime) -> datetime:
    """Return a moment of the database in UTC, a zone that SQLite does not keep."""
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
