"""what a version was trained on -> table training_data, once a version, whichever process serves it first"""

from collections.abc import Iterable
from datetime import datetime
from typing import NamedTuple

import sqlalchemy as sa

from src.journal.database import alone_in
from src.journal.tables import METADATA

LOCK = 0x747261696E6564  # "trained": one process at a time writes
TRAINING_DATA = sa.Table(
    "training_data",
    METADATA,
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
Named = tuple[str, str | None]  # a version: its served form, and its number, which one that was not published has not


class Trained(NamedTuple):
    """A version's row; `feature_stats` and `metrics` are JSON texts, null where its files do not say so.

    `metric` is the ROC AUC on the test split, `n_train` and `n_test` are rows.
    """

    form_sha256: str
    model_version: str | None
    model_sha256: str
    git_commit: str | None
    data_md5: str
    metric: float | None
    n_train: int | None
    n_test: int | None
    n_features: int
    feature_stats: str | None
    metrics: str | None
    published_at: datetime | None

    @property
    def named(self) -> Named:
        """Return which version it is."""
        return self.form_sha256, self.model_version


def write_trained(connection: sa.Connection, rows: Iterable[Trained]) -> None:
    """Insert the versions that have no row; what is written of one stays, whatever is said of it later."""
    alone_in(connection, LOCK)
    names = sa.select(TRAINING_DATA.c.form_sha256, TRAINING_DATA.c.model_version)
    known = {(form, version) for form, version in connection.execute(names)}
    lacking = [row._asdict() for row in rows if row.named not in known]
    if lacking:
        connection.execute(TRAINING_DATA.insert(), lacking)
