"""tables of what left the log: which objects hold it, what stays known of each prediction, who was forgotten"""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    """Add the tables."""
    op.create_table(
        "archives",
        sa.Column("number", sa.Integer, primary_key=True),
        sa.Column("object", sa.Text, nullable=False),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("rows", sa.Integer, nullable=False),
        sa.Column("time", MOMENT, nullable=False),
        sa.UniqueConstraint("object", name="archives_once"),
    )
    op.create_table(
        "archived_predictions",
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
    )
    op.create_index("archived_predictions_id", "archived_predictions", ["id"])
    op.create_index("archived_predictions_archive", "archived_predictions", ["archive"])
    op.create_index("archived_predictions_applicant", "archived_predictions", ["applicant_id"])
    op.create_table(
        "forgotten",
        sa.Column("prediction_id", sa.Text, primary_key=True),
        sa.Column("applicant_id", sa.Text),
        sa.Column("asked_at", MOMENT, nullable=False),
        sa.Column("done_at", MOMENT),
    )
    op.create_index("forgotten_applicant", "forgotten", ["applicant_id"])


def downgrade() -> None:
    """Drop what was added."""
    for table in ("forgotten", "archived_predictions", "archives"):
        op.drop_table(table)
