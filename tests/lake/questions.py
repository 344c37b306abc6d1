"""Counts and sums of every table, as this project answers them: what another reader is to find too"""

from typing import Any

import pyarrow as arrow
import pyarrow.compute as compute

from src.journal.outcome_tables import OUTCOMES as TOLD
from tests.journal.rows import entry
from tests.lake.conftest import Lake, at
from tests.monitored import seed

SHARED = (  # in words that every engine knows
    "SELECT count(*), sum(credit_amount), count(_prediction_id), max(purpose) FROM {silver.applications}",
    "SELECT count(*), sum(CAST(credit_amount AS INT)), max(_line), max(_file_sha256) FROM {bronze.applications}",
    "SELECT count(*), count(inputs), sum(score), count(DISTINCT day), min(prediction_id) FROM {gold.predictions}",
    "SELECT count(*), max(outcome) FROM {gold.outcomes}",
    "SELECT count(*), max(version), max(data_md5) FROM {gold.training_runs}",
    "SELECT count(*), count(psi), sum(rows) FROM {gold.checks}",
)
TABLES = [sql.partition("{")[2].partition("}")[0] for sql in SHARED]


def fill(lake: Lake, typed: arrow.Table) -> None:
    """Give a lake rows in every table: two versions, a forgotten applicant's row blanked, columns that changed."""
    entries = [entry(time=at(1 + number % 5), score=500 + number) for number in range(50)]
    lake.add(entries)
    told = {"outcome": "bad", "observed_at": at(20), "received_at": at(21), "key_id": "web", "prediction_key_id": "web"}
    with lake.log.begin() as connection:
        connection.execute(TOLD.insert(), [{"prediction_id": one.id, **told} for one in entries[:7]])
    seed(lake.log, "f" * 64, {"duration": ["to 10", "over 10"]})
    lake.publish(1, typed.filter(compute.less(typed.column("age_years"), 30)).drop_columns(["job"]))
    lake.publish(2, typed)
    lake.sync()
    from src.lake.forget import forget_in

    forget_in(lake.catalog, lake.place, [entries[0].id], dry_run=False)
    lake.add([entry(time=at(9))])
    lake.sync()


def ours(lake: Lake, version: int | None = None) -> list[list[tuple[Any, ...]]]:
    """What this project answers; of a version, of silver alone."""
    asked = SHARED if version is None else SHARED[:1]
    return [lake.ask(sql.replace("{", "").replace("}", ""), version) for sql in asked]


def plain(answers: list[list[list[Any]]]) -> list[list[tuple[Any, ...]]]:
    """Answers that came as JSON, as `ours` gives them."""
    return [[tuple(row) for row in rows] for rows in answers]
