"""the tables of batch runs, as the newest migration leaves them, and a run of them"""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

import sqlalchemy as sa

from src.journal.tables import METADATA, Purpose

BATCH_RUNS = sa.Table(
    "batch_runs",
    METADATA,
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
BATCH_REJECTED = sa.Table(
    "batch_rejected",
    METADATA,
    sa.Column("run_id", sa.Text, primary_key=True),
    sa.Column("block", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("bits", sa.LargeBinary, nullable=False),
)
KEY_ID = "batch:run"  # no key and no user has a name that begins with `batch:`
Spectrum = Sequence[tuple[int, float]]  # for each group of nearly equal PDs: how many there are, and their sum


class BatchRun(NamedTuple):
    """A run over files, in the table's order; `scale`, `input` and `counts` are JSON texts.

    `rows` are all of the files' rows, by whose numbers they have identifiers; `rejected` ones of them have no answer.
    `output` is the address of the folder that holds the manifest, of which `manifest_sha256` is; `input` lists
    path, bytes and sha256 of each file; `counts` are how many rows lie in each bin of the reference, by subject, and
    `approved_pds`, a `Spectrum` as JSON, the PDs of the approved. Who asked is nobody's key: `KEY_ID`.
    """

    run_id: str
    time: datetime
    model_sha256: str
    model_version: str | None
    form_sha256: str
    git_commit: str | None
    threshold: float
    scale: str
    reasons: bool
    rows: int
    rejected: int
    approved: int
    output: str
    manifest_sha256: str
    input: str
    counts: str
    approved_pds: str
    service_id: str | None
    key_id: str = KEY_ID
    purpose: Purpose = "application"

    @property
    def scored(self) -> int:
        """Return how many rows have an answer."""
        return self.rows - self.rejected
