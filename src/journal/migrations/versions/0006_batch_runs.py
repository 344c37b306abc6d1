"""tables batch_runs and batch_rejected: runs over files, and which of their rows have no answer"""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    """Add the tables."""
    op.create_table(
        "batch_runs",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("run_id", sa.Text, nullable=False),
        sa.Column("time", sa.DateTime(timezone=True), nullable=False),
        sa.Column("key_id", sa.Text, nullable=False),
        sa.Column("model_sha256", sa.Text, nullable=False),
        sa.Column("model_version", sa.Text),
        sa.Column("form_sha256", sa.Text, nullable=False),
        sa.Column("git_commit", sa.Text),
        sa.Column("threshold", sa.Float(53), nullable=False),
        sa.Column("scale", sa.Text, nullable=False),
        sa.Column("purpose", sa.Text, nullable=False),
        sa.Column("reasons", sa.Boolean, nullable=False),
        sa.Column("rows", sa.BigInteger, nullable=False),
        sa.Column("rejected", sa.BigInteger, nullable=False),
        sa.Column("approved", sa.BigInteger, nullable=False),
        sa.Column("output", sa.Text, nullable=False),
        sa.Column("manifest_sha256", sa.Text, nullable=False),
        sa.Column("input", sa.Text, nullable=False),
        sa.Column("counts", sa.Text, nullable=False),
        sa.Column("approved_pds", sa.Text, nullable=False),
        sa.Column("service_id", sa.Text),
        sa.UniqueConstraint("run_id", name="batch_runs_once"),
    )
    op.create_table(
        "batch_rejected",
        sa.Column("run_id", sa.Text, primary_key=True),
        sa.Column("block", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("bits", sa.LargeBinary, nullable=False),
    )


def downgrade() -> None:
    """Drop what was added."""
    op.drop_table("batch_rejected")
    op.drop_table("batch_runs")
