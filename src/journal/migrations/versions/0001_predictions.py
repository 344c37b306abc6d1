"""nothing -> table predictions, table probe"""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Make the log: one row an answered prediction, and one row that readiness writes to."""
    op.create_table(
        "predictions",
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
    )
    probe = op.create_table(
        "probe",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("time", sa.DateTime(timezone=True)),
    )
    op.bulk_insert(probe, [{"id": 1, "time": None}])


def downgrade() -> None:
    """Drop the log."""
    op.drop_table("probe")
    op.drop_table("predictions")
