"""the tables of what the monitor has counted, found and is to tell, as the newest migration leaves them"""

import sqlalchemy as sa

from src.journal.tables import METADATA

MOMENT = sa.DateTime(timezone=True)
MONITOR_PROGRESS = sa.Table(
    "monitor_progress",
    METADATA,
    sa.Column("name", sa.Text, primary_key=True),
    sa.Column("value", sa.Text, nullable=False),
    sa.Column("time", MOMENT, nullable=False),
)
HOURLY_COUNTS = sa.Table(
    "hourly_counts",
    METADATA,
    sa.Column("form_sha256", sa.Text, primary_key=True),
    sa.Column("hour", MOMENT, primary_key=True),
    sa.Column("model_version", sa.Text),
    sa.Column("model_sha256", sa.Text, nullable=False),
    sa.Column("rows", sa.Integer, nullable=False),
    sa.Column("counts", sa.Text, nullable=False),
)
CHECKS = sa.Table(
    "checks",
    METADATA,
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
COHORTS = sa.Table(
    "cohorts",
    METADATA,
    sa.Column("form_sha256", sa.Text, primary_key=True),
    sa.Column("month", sa.Text, primary_key=True),
    sa.Column("model_version", sa.Text),
    sa.Column("mature", sa.Boolean, nullable=False),
    sa.Column("found", sa.Text, nullable=False),
    sa.Column("time", MOMENT, nullable=False),
)
MONITOR_VIEWS = sa.Table(
    "monitor_views",
    METADATA,
    sa.Column("form_sha256", sa.Text, primary_key=True),
    sa.Column("kind", sa.Text, primary_key=True),
    sa.Column("model_version", sa.Text),
    sa.Column("found", sa.Text, nullable=False),
    sa.Column("time", MOMENT, nullable=False),
)
REBASES = sa.Table(
    "rebases",
    METADATA,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("form_sha256", sa.Text, nullable=False),
    sa.Column("since", MOMENT, nullable=False),
    sa.Column("until", MOMENT, nullable=False),
    sa.Column("why", sa.Text, nullable=False),
    sa.Column("by", sa.Text, nullable=False),
    sa.Column("time", MOMENT, nullable=False),
    sa.Column("counts", sa.Text, nullable=False),
)
ALERTS = sa.Table(
    "alerts",
    METADATA,
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
ALERT_EVENTS = sa.Table(
    "alert_events",
    METADATA,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("alert_id", sa.Text, nullable=False),
    sa.Column("time", MOMENT, nullable=False),
    sa.Column("state", sa.Text, nullable=False),
    sa.Column("value", sa.Float(53)),
    sa.Column("rows", sa.Integer),
    sa.Column("why", sa.Text),
    sa.Column("by", sa.Text),
    sa.Column("until", MOMENT),
    sa.Index("alert_events_alert", "alert_id"),
)
OUTBOX = sa.Table(
    "outbox",
    METADATA,
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
