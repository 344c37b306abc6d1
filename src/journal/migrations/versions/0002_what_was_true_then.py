"""table predictions -> its threshold, scale and purpose too; null in the rows that are there"""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
ADDED: dict[str, Any] = {"threshold": sa.Float(53), "scale": sa.Text, "purpose": sa.Text}


def upgrade() -> None:
    """Add what a prediction was decided and drawn by, and what it was asked for."""
    for name, kind in ADDED.items():
        op.add_column("predictions", sa.Column(name, kind))


def downgrade() -> None:
    """Drop the columns."""
    for name in ADDED:
        op.drop_column("predictions", name)
