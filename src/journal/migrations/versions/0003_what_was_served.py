"""table predictions -> the served form, its commit, the version asked for, the service; tables services and shadows"""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
ADDED = ("form_sha256", "git_commit", "model_asked", "service_id")
INDEX = "predictions_id"


def upgrade() -> None:
    """Add what says which form answered and which process; an index by time for who reads across callers."""
    for name in ADDED:
        op.add_column("predictions", sa.Column(name, sa.Text))
    op.create_index(INDEX, "predictions", ["id"])
    op.create_table(
        "services",
        sa.Column("id", sa.Text, primary_key=True),
        sa.Column("started", sa.DateTime(timezone=True), nullable=False),
        sa.Column("code_commit", sa.Text),
        sa.Column("code_dirty", sa.Boolean),
        sa.Column("python", sa.Text, nullable=False),
        sa.Column("onnxruntime", sa.Text),
        sa.Column("cpu", sa.Text),
        sa.Column("libraries", sa.Text, nullable=False),
    )
    op.create_table(
        "shadows",
        sa.Column("prediction_id", sa.Text, primary_key=True),
        sa.Column("form_sha256", sa.Text, primary_key=True),
        sa.Column("version", sa.Text),
        sa.Column("probability_of_default", sa.Float(53), nullable=False),
        sa.Column("score", sa.Integer, nullable=False),
        sa.Column("decision", sa.Text, nullable=False),
        sa.Column("time", sa.DateTime(timezone=True), nullable=False),
    )


def downgrade() -> None:
    """Drop what was added."""
    op.drop_table("shadows")
    op.drop_table("services")
    op.drop_index(INDEX, "predictions")
    for name in ADDED:
        op.drop_column("predictions", name)
