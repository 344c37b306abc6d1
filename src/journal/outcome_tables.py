"""the tables of what became of applicants, as the newest migration leaves them"""

import sqlalchemy as sa

from src.journal.tables import METADATA

MOMENT = sa.DateTime(timezone=True)
OUTCOMES = sa.Table(
    "outcomes",
    METADATA,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("prediction_id", sa.Text, nullable=False),
    sa.Column("outcome", sa.Text, nullable=False),
    sa.Column("observed_at", MOMENT, nullable=False),
    sa.Column("received_at", MOMENT, nullable=False),
    sa.Column("key_id", sa.Text, nullable=False),
    sa.Column("prediction_key_id", sa.Text, nullable=False),
    sa.UniqueConstraint("prediction_id", "outcome", "observed_at", name="outcomes_once"),
)
OUTCOME_GROUPS = sa.Table(
    "outcome_groups",
    METADATA,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("prediction_id", sa.Text, nullable=False),
    sa.Column("field", sa.Text, nullable=False),
    sa.Column("value", sa.Text, nullable=False),
    sa.Column("observed_at", MOMENT, nullable=False),
    sa.Column("received_at", MOMENT, nullable=False),
    sa.Column("key_id", sa.Text, nullable=False),
    sa.UniqueConstraint("prediction_id", "field", "value", "observed_at", name="outcome_groups_once"),
)
