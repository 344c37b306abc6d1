"""the tables of what left the log: which objects hold it, what stays known of each prediction, who was forgotten"""

from typing import Any

import sqlalchemy as sa

from src.journal.tables import ARCHIVED_INPUTS, FORGOTTEN_INPUTS, METADATA, PREDICTIONS

MOMENT = sa.DateTime(timezone=True)
WRITING, STORED, LEAVING = "writing", "stored", "leaving"  # an object's states: only what is stored is read
ARCHIVES = sa.Table(
    "archives",
    METADATA,
    sa.Column("number", sa.Integer, primary_key=True),
    sa.Column("object", sa.Text, nullable=False),
    sa.Column("state", sa.Text, nullable=False),
    sa.Column("rows", sa.Integer, nullable=False),
    sa.Column("time", MOMENT, nullable=False),
    sa.UniqueConstraint("object", name="archives_once"),
)
ARCHIVED = sa.Table(
    "archived_predictions",
    METADATA,
    sa.Column("key_id", sa.Text, primary_key=True),
    sa.Column("id", sa.Text, primary_key=True),
    sa.Column("time", MOMENT, nullable=False),
    sa.Column("model_sha256", sa.Text, nullable=False),
    sa.Column("model_version", sa.Text),
    sa.Column("probability_of_default", sa.Float(53), nullable=False),
    sa.Column("score", sa.Integer, nullable=False),
    sa.Column("decision", sa.Text, nullable=False),
    sa.Column("threshold", sa.Float(53)),
    sa.Column("scale", sa.Text),
    sa.Column("purpose", sa.Text),
    sa.Column("form_sha256", sa.Text),
    sa.Column("git_commit", sa.Text),
    sa.Column("applicant_id", sa.Text),
    sa.Column("archive", sa.Integer, nullable=False),
    sa.Column("forgotten", sa.Boolean, nullable=False),
    sa.Index("archived_predictions_id", "id"),
    sa.Index("archived_predictions_archive", "archive"),
    sa.Index("archived_predictions_applicant", "applicant_id"),
)
FORGOTTEN = sa.Table(
    "forgotten",
    METADATA,
    sa.Column("prediction_id", sa.Text, primary_key=True),
    sa.Column("applicant_id", sa.Text),
    sa.Column("asked_at", MOMENT, nullable=False),
    sa.Column("done_at", MOMENT),
    sa.Index("forgotten_applicant", "applicant_id"),
)
BLANK: dict[str, sa.ColumnElement[object]] = {
    "inputs": sa.case((ARCHIVED.c.forgotten, FORGOTTEN_INPUTS), else_=ARCHIVED_INPUTS),
    "reasons": sa.literal("[]"),
}


def narrow_rows() -> sa.Select[Any]:
    """Return the query of archived predictions by the columns of those in the log; what is not kept there is null."""
    columns: list[Any] = [kept(column.name).label(column.name) for column in PREDICTIONS.c]
    return sa.select(*columns)


def kept(name: str) -> sa.ColumnElement[object]:
    """Return what stands for a column of the log."""
    if name in BLANK:
        return BLANK[name]
    return ARCHIVED.c[name] if name in ARCHIVED.c else sa.cast(sa.null(), PREDICTIONS.c[name].type)
