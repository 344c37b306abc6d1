"""table training_data: what each version was trained on; view inference_logs: predictions by the names auditors know"""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    """Add the table that the service writes a version into when it first serves it, and the view."""
    op.create_table(
        "training_data",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("form_sha256", sa.Text, nullable=False),
        sa.Column("model_version", sa.Text),
        sa.Column("model_sha256", sa.Text, nullable=False),
        sa.Column("git_commit", sa.Text),
        sa.Column("data_md5", sa.Text, nullable=False),
        sa.Column("metric", sa.Float(53)),
        sa.Column("n_train", sa.Integer),
        sa.Column("n_test", sa.Integer),
        sa.Column("n_features", sa.Integer, nullable=False),
        sa.Column("feature_stats", sa.Text),
        sa.Column("metrics", sa.Text),
        sa.Column("published_at", sa.DateTime(timezone=True)),
        sa.UniqueConstraint("form_sha256", "model_version", name="training_data_once"),
    )
    op.execute(
        "CREATE VIEW inference_logs AS SELECT id, model_version, model_sha256, inputs AS input, "
        "probability_of_default AS prediction, decision, time AS timestamp, purpose, form_sha256 FROM predictions"
    )


def downgrade() -> None:
    """Drop what was added."""
    op.execute("DROP VIEW inference_logs")
    op.drop_table("training_data")
