"""A run over files, as the log has it"""

from datetime import UTC, datetime
from typing import Any

from src.journal.batch_ids import run_id
from src.journal.batch_tables import BatchRun
from tests.journal.rows import SCALE

RUN = run_id("7" * 64)


def batch_run(**changes: Any) -> BatchRun:
    values: dict[str, Any] = {
        "run_id": RUN,
        "time": datetime(2026, 3, 2, 12, 30, tzinfo=UTC),
        "model_sha256": "a" * 64,
        "model_version": "3",
        "form_sha256": "f" * 64,
        "git_commit": "c" * 40,
        "threshold": 1 / 6,
        "scale": SCALE,
        "reasons": False,
        "rows": 200_000,
        "rejected": 0,
        "approved": 150_000,
        "output": "/data/scores",
        "manifest_sha256": "d" * 64,
        "input": "[]",
        "counts": "{}",
        "approved_pds": "[]",
        "service_id": None,
    }
    return BatchRun(**values | changes)
