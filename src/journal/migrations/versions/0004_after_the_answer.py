"""tables of what comes after the answer: outcomes; counts, checks, cohorts; alerts and what is to be sent of them"""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    """Add the tables; on PostgreSQL also each prediction's transaction, by which a late commit is found."""
    outcomes()
    measurements()
    alerts()
    if op.get_bind().dialect.name == "postgresql":  # two steps: what stands there keeps null, and nothing is rewritten
        op.execute("ALTER TABLE predictions ADD COLUMN transaction bigint")
        op.execute("ALTER TABLE predictions ALTER COLUMN transaction SET DEFAULT pg_current_xact_id()::text::bigint")
        op.execute("CREATE INDEX predictions_transaction ON predictions (transaction, id)")


def outcomes() -> None:
    """Add what became of applicants, and which groups they belong to."""
    op.create_table(
        "outcomes",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("prediction_id", sa.Text, nullable=False),
        sa.Column("outcome", sa.Text, nullable=False),
        sa.Column("observed_at", MOMENT, nullable=False),
        sa.Column("received_at", MOMENT, nullable=False),
        sa.Column("key_id", sa.Text, nullable=False),
        sa.Column("prediction_key_id", sa.Text, nullable=False),
        sa.UniqueConstraint("prediction_id", "outcome", "observed_at", name="outcomes_once"),
    )
    op.create_table(
        "outcome_groups",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("prediction_id", sa.Text, nullable=False),
        sa.Column("field", sa.Text, nullable=False),
        sa.Column("value", sa.Text, nullable=False),
        sa.Column("observed_at", MOMENT, nullable=False),
        sa.Column("received_at", MOMENT, nullable=False),
        sa.Column("key_id", sa.Text, nullable=False),
        sa.UniqueConstraint("prediction_id", "field", "value", "observed_at", name="outcome_groups_once"),
    )


def measurements() -> None:
    """Add what the monitor has counted and found."""
    op.create_table(
        "monitor_progress",
        sa.Column("name", sa.Text, primary_key=True),
        sa.Column("value", sa.Text, nullable=False),
        sa.Column("time", MOMENT, nullable=False),
    )
    op.create_table(
        "hourly_counts",
        sa.Column("form_sha256", sa.Text, primary_key=True),
        sa.Column("hour", MOMENT, primary_key=True),
        sa.Column("model_version", sa.Text),
        sa.Column("model_sha256", sa.Text, nullable=False),
        sa.Column("rows", sa.Integer, nullable=False),
        sa.Column("counts", sa.Text, nullable=False),
    )
    op.create_table(
        "checks",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("form_sha256", sa.Text, nullable=False),
        sa.Column("model_version", sa.Text),
        sa.Column("model_sha256", sa.Text),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("subject", sa.Text, nullable=False),
        sa.Column("window_start", MOMENT, nullable=False),
        sa.Column("window_end", MOMENT, nullable=False),
        sa.Column("rows", sa.Integer, nullable=False),
        sa.Column("psi", sa.Float(53)),
        sa.Column("psi_training", sa.Float(53)),
        sa.Column("statistic", sa.Float(53)),
        sa.Column("p_value", sa.Float(53)),
        sa.Column("value", sa.Float(53)),
        sa.Column("limit", sa.Float(53)),
        sa.Column("alarm", sa.Boolean),
        sa.Column("says", sa.Text),
        sa.Column("judged_at", MOMENT, nullable=False),
        sa.UniqueConstraint("form_sha256", "kind", "subject", "window_start", name="checks_once"),
    )
    op.create_table(
        "cohorts",
        sa.Column("form_sha256", sa.Text, primary_key=True),
        sa.Column("month", sa.Text, primary_key=True),
        sa.Column("model_version", sa.Text),
        sa.Column("mature", sa.Boolean, nullable=False),
        sa.Column("found", sa.Text, nullable=False),
        sa.Column("time", MOMENT, nullable=False),
    )
    op.create_table(
        "monitor_views",
        sa.Column("form_sha256", sa.Text, primary_key=True),
        sa.Column("kind", sa.Text, primary_key=True),
        sa.Column("model_version", sa.Text),
        sa.Column("found", sa.Text, nullable=False),
        sa.Column("time", MOMENT, nullable=False),
    )
    op.create_table(
        "rebases",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("form_sha256", sa.Text, nullable=False),
        sa.Column("since", MOMENT, nullable=False),
        sa.Column("until", MOMENT, nullable=False),
        sa.Column("why", sa.Text, nullable=False),
        sa.Column("by", sa.Text, nullable=False),
        sa.Column("time", MOMENT, nullable=False),
        sa.Column("counts", sa.Text, nullable=False),
    )


def alerts() -> None:
    """Add the alerts, their history, and what is to be sent."""
    op.create_table(
        "alerts",
        sa.Column("id", sa.Text, primary_key=True),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("subject", sa.Text, nullable=False),
        sa.Column("form_sha256", sa.Text, nullable=False),
        sa.Column("model_version", sa.Text),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("since", MOMENT, nullable=False),
        sa.Column("value", sa.Float(53)),
        sa.Column("limit", sa.Float(53)),
        sa.Column("rows", sa.Integer),
        sa.Column("text", sa.Text, nullable=False),
        sa.Column("command", sa.Text, nullable=False),
        sa.Column("delivered_at", MOMENT),
        sa.Column("acknowledged_until", MOMENT),
        sa.Column("changed_at", MOMENT, nullable=False),
    )
    op.create_table(
        "alert_events",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("alert_id", sa.Text, nullable=False),
        sa.Column("time", MOMENT, nullable=False),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("value", sa.Float(53)),
        sa.Column("rows", sa.Integer),
        sa.Column("why", sa.Text),
        sa.Column("by", sa.Text),
        sa.Column("until", MOMENT),
    )
    op.create_index("alert_events_alert", "alert_events", ["alert_id"])
    op.create_table(
        "outbox",
        sa.Column("id", sa.Text, primary_key=True),
        sa.Column("alert_id", sa.Text),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("severity", sa.Text, nullable=False),
        sa.Column("title", sa.Text, nullable=False),
        sa.Column("text", sa.Text, nullable=False),
        sa.Column("attempts", sa.Integer, nullable=False),
        sa.Column("next_attempt_at", MOMENT, nullable=False),
        sa.Column("delivered_at", MOMENT),
        sa.Column("refused", sa.Text),
    )


def downgrade() -> None:
    """Drop what was added."""
    if op.get_bind().dialect.name == "postgresql":
        op.execute("DROP INDEX predictions_transaction")
        op.execute("ALTER TABLE predictions DROP COLUMN transaction")
    for name in ("outbox", "alert_events", "alerts", "rebases", "monitor_views", "cohorts", "checks"):
        op.drop_table(name)
    for name in ("hourly_counts", "monitor_progress", "outcome_groups", "outcomes"):
        op.drop_table(name)
