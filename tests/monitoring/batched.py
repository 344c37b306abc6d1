"""A batch run over applicants that the seeded log would have: its output, as a run writes it, and its record"""

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as arrow
import sqlalchemy as sa
from pyarrow import parquet

from src.batch.counting import Coded, count
from src.batch.recording import batch_run
from src.files import sha256_of
from src.journal.batch_ids import ids_of, run_id
from src.journal.batch_runs import record_run
from src.journal.batch_tables import BatchRun
from tests.monitoring.seeded import FORM, MODEL, card, development

Rows = Sequence[Mapping[str, Any]]


def column(rows: Rows, name: str) -> Coded:
    """The different values of an input, and which one each row has."""
    values = [json.loads(row["inputs"])[name] for row in rows]
    different = list(dict.fromkeys(values))
    return Coded(different, np.array([different.index(value) for value in values]))


def write_output(folder: Path, rows: Rows, run: str, parts: int = 3, rejected: Sequence[int] = ()) -> bytes:
    """Write OUTPUT's files of rows by their numbers, without the rejected ones; return the manifest."""
    folder.mkdir(parents=True, exist_ok=True)
    said, ids = [], ids_of(run, 0, len(rows))
    for part, numbers in enumerate(np.array_split(np.arange(len(rows)), parts)):
        kept = [int(row) for row in numbers if row not in rejected]
        table = arrow.table({
            "run_id": [run] * len(kept),
            "prediction_id": [ids[row] for row in kept],
            "row": arrow.array(kept, arrow.int64()),
            **{name: [rows[row][name] for row in kept] for name in ("probability_of_default", "decision")},
            "score": arrow.array([rows[row]["score"] for row in kept], arrow.int32()),
        })  # fmt: skip
        name = f"applicants-{part:05}.parquet"
        parquet.write_table(table, folder / name)
        sha256 = sha256_of((folder / name).read_bytes())
        said.append({"path": name, "rows": len(numbers), "rejected": len(numbers) - len(kept), "sha256": sha256})
    model = {"name": "credit-score", "version": "3", "sha256": MODEL, "form_sha256": FORM, "git_commit": "c" * 40}
    manifest = {"run_id": run, "input": [], "model": model, "parts": said, "rows": len(rows), "rejected": len(rejected)}
    content = json.dumps(manifest).encode()
    (folder / "manifest.json").write_bytes(content)
    return content


def run_over(
    engine: sa.Engine, folder: Path, rows: Rows, time: datetime, rejected: Sequence[int] = (), seed: str = "7"
) -> tuple[BatchRun, list[dict[str, Any]]]:
    """Score, write and record rows as a batch; return the run and the rows as they are known now."""
    run = run_id(seed * 64)
    manifest = write_output(folder, rows, run, rejected=rejected)
    kept = [row for number, row in enumerate(rows) if number not in rejected]
    pd = np.array([row["probability_of_default"] for row in kept])
    score = np.array([row["score"] for row in kept], dtype=np.int32)
    columns = {name: column(kept, name) for name in ("duration", "purpose")}
    counted = count(columns, pd, score, pd < card().threshold, development())
    made = batch_run(manifest, card(), counted, len(rejected), str(folder), reasons=False)._replace(time=time)
    with engine.begin() as connection:
        assert record_run(connection, made, rejected)
    ids = ids_of(run, 0, len(rows))
    return made, [{**row, "id": one, "key_id": made.key_id, "time": time} for row, one in zip(rows, ids, strict=True)]
