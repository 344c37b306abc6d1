"""the registry's chain of events -> table gold.training_runs: what each published version was trained on, and found"""

import json
from datetime import datetime
from typing import Any

import pyarrow as arrow

from src.files import sha256_of
from src.lake.predictions import MOMENT
from src.lake.whole import Source
from src.lineage.events import Event, State

SCHEMA = arrow.schema(
    [
        ("version", arrow.int64()),
        ("alias", arrow.string()),
        ("published", MOMENT),
        ("form_sha256", arrow.string()),
        ("model_sha256", arrow.string()),
        ("git_commit", arrow.string()),
        ("git_dirty", arrow.bool_()),
        ("data_md5", arrow.string()),
        ("roc_auc", arrow.float64()),
        ("metrics", arrow.string()),
        ("params", arrow.string()),
        ("by", arrow.string()),
        ("why", arrow.string()),
    ]
)


def trained(state: State) -> Source:
    """Return the versions of a chain as the table's rows, named by what they say."""
    rows = [row_of(number, event, state) for number, event in sorted(state.versions.items())]
    said = json.dumps(rows, sort_keys=True, default=str).encode()
    return Source(sha256_of(said), lambda: table_of_rows(rows))


def row_of(number: int, event: Event, state: State) -> dict[str, Any]:
    """Return a version's row, `published` as the event writes it; metrics and parameters are JSON texts."""
    return {
        "version": number,
        "alias": state.alias_of(number),
        "published": state.published[number],
        "form_sha256": event.form_sha256,
        "model_sha256": event.sha256,
        "git_commit": event.git_commit,
        "git_dirty": event.git_dirty,
        "data_md5": event.data_md5,
        "roc_auc": event.metrics.get("roc_auc"),
        "metrics": json.dumps(event.metrics, sort_keys=True),
        "params": json.dumps(event.params, sort_keys=True, default=str),
        "by": event.by,
        "why": event.why,
    }


def table_of_rows(rows: list[dict[str, Any]]) -> arrow.Table:
    """Return rows as a table."""
    return arrow.Table.from_pylist(
        [row | {"published": datetime.fromisoformat(row["published"])} for row in rows], schema=SCHEMA
    )
