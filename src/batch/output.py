"""scored applicants -> the bytes of a part's Parquet file; rejected rows -> lines of JSON

The same rows, model and options are the same bytes.
"""

import json
from collections.abc import Mapping, Sequence

import numpy as np
import pyarrow as arrow
from pyarrow.parquet import write_table

from src.batch.checking import Checked, Rejected
from src.batch.ids import ids_of
from src.batch.run import Run
from src.batch.scoring import Model, Scores
from src.contract.distinct import Distinct

REASON = arrow.struct([("feature", arrow.string()), ("points", arrow.float64())])
DECISIONS = ["approve", "decline"]
REPEATED = ["run_id", "decision", "reasons.list.element.feature"]


def parquet(
    run: Run, model: Model, checked: Checked, scores: Scores, offset: int, ids: Mapping[str, Distinct]
) -> bytes:
    """Return the file; `offset` are the rows of the files before this one, `ids` the part's own columns."""
    count = len(checked.rows)
    columns = {
        "run_id": arrow.repeat(run.run_id, count),
        "prediction_id": ids_of(run.run_id, checked.rows + offset),
        "row": arrow.array(checked.rows),
        **{name: texts(column, checked) for name, column in ids.items()},
        "probability_of_default": arrow.array(scores.pd),
        "score": arrow.array(scores.score),
        "decision": arrow.array(DECISIONS, arrow.string()).take(arrow.array(scores.declined.astype(np.int8))),
    }
    if scores.reasons is not None:
        columns["reasons"] = reasons(model, scores)
    table = arrow.table(columns).replace_schema_metadata(metadata(run))
    sink = arrow.BufferOutputStream()
    write_table(table, sink, compression="zstd", use_dictionary=REPEATED)
    content: bytes = sink.getvalue().to_pybytes()
    return content


def metadata(run: Run) -> dict[str, str]:
    """Return which model a file was made by."""
    facts = {
        "model_sha256": run.model_sha256,
        "form_sha256": run.form_sha256,
        "model_version": run.model_version or "",
        "git_commit": run.git_commit or "",
    }
    return {f"lastro.{name}": value for name, value in facts.items()}


def texts(column: Distinct, checked: Checked) -> arrow.Array:
    """Return a column of the file, of the rows that were scored, as text."""
    places = column.places if checked.kept is None else column.places[checked.kept]
    return arrow.array(column.cells, arrow.string()).take(arrow.array(places))


def reasons(model: Model, scores: Scores) -> arrow.Array:
    """Return the reasons of each applicant."""
    names = [feature.name for feature in model.served.card.features]
    told = [[{"feature": names[gain.place], "points": gain.points} for gain in its] for its in scores.reasons or ()]
    return arrow.array(told, arrow.list_(REASON))


def jsonl(rejected: Sequence[Rejected]) -> bytes:
    """Return a line for each field that breaks a rule."""
    return "".join(f"{json.dumps(one._asdict(), ensure_ascii=False)}\n" for one in rejected).encode()
