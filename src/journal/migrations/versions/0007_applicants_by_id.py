"""table predictions -> whose stored features answered, and of when; null in rows that are there and of other routes"""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0005"
INDEX = "predictions_applicant"


def upgrade() -> None:
    """Add both columns, and an index of those rows that have an applicant's id: the others cost nothing more."""
    op.add_column("predictions", sa.Column("applicant_id", sa.Text))
    op.add_column("predictions", sa.Column("feature_time", sa.DateTime(timezone=True)))
    there = sa.text("applicant_id IS NOT NULL")
    op.create_index(INDEX, "predictions", ["applicant_id"], sqlite_where=there, postgresql_where=there)


def downgrade() -> None:
    """Drop what was added."""
    op.drop_index(INDEX, "predictions")
    op.drop_column("predictions", "feature_time")
    op.drop_column("predictions", "applicant_id")
