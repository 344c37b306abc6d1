"""a batch run -> tables batch_runs and batch_rejected, once; a row's identifier -> its run, if it has an answer"""

import zlib
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC
from itertools import islice
from typing import Any, TypeVar

import sqlalchemy as sa

from src.journal.batch_ids import of_batch, row_of, run_of
from src.journal.batch_tables import BATCH_REJECTED, BATCH_RUNS, BatchRun
from src.journal.database import alone_in

LOCK = 0x6261746368  # "batch": one process at a time records, so that later numbers are committed later
BLOCK = 16  # bits of a row's number that are its place in a block: 65 536 rows have one row of the table
MANY = 500  # values in one question
NAMES = BatchRun._fields
Item = TypeVar("Item")


def record_run(connection: sa.Connection, run: BatchRun, rejected: Iterable[int]) -> bool:
    """Write a run, and the numbers of its rows that have no answer; False, and nothing written, if it is there already.

    All in the caller's transaction, which begins with this. Raises ValueError where `rejected` are not as many as the
    run says.
    """
    alone_in(connection, LOCK)
    if connection.execute(sa.select(BATCH_RUNS.c.id).where(BATCH_RUNS.c.run_id == run.run_id)).first():
        return False
    blocks, many = blocks_of(rejected)
    if many != run.rejected:
        raise ValueError(f"{many} rejected rows, the run says {run.rejected}")
    connection.execute(BATCH_RUNS.insert().values(run._asdict()))
    rows = ({"run_id": run.run_id, "block": block, "bits": bits} for block, bits in blocks)
    for part in parts(rows):
        connection.execute(BATCH_REJECTED.insert(), part)
    return True


def blocks_of(rows: Iterable[int]) -> tuple[list[tuple[int, bytes]], int]:
    """Return rows' numbers as a compressed bit a row of their blocks, and how many different ones there are."""
    found: dict[int, bytearray] = defaultdict(lambda: bytearray(1 << BLOCK - 3))
    for row in rows:
        place = row & (1 << BLOCK) - 1
        found[row >> BLOCK][place >> 3] |= 1 << (place & 7)
    many = sum(int.from_bytes(bits).bit_count() for bits in found.values())
    return [(block, zlib.compress(bits)) for block, bits in sorted(found.items())], many


def runs_of(connection: sa.Connection, prediction_ids: Iterable[str]) -> dict[str, BatchRun]:
    """Return the run of each identifier that is one of a batch's row with an answer."""
    of_run: dict[str, list[str]] = defaultdict(list)
    for one in prediction_ids:
        if of_batch(one):
            of_run[run_of(one)].append(one)
    found: dict[str, BatchRun] = {}
    for run in runs_where(connection, BATCH_RUNS.c.run_id, of_run):
        its = {one: row_of(one) for one in of_run[run.run_id]}
        without = rejected_of(connection, run, its.values()) if run.rejected else set()
        found |= {one: run for one, row in its.items() if row < run.rows and row not in without}
    return found


def runs_where(connection: sa.Connection, column: sa.Column[Any], values: Iterable[Any]) -> Iterator[BatchRun]:
    """Yield the runs of which a column has one of some values."""
    for part in parts(sorted(set(values))):
        yield from runs(connection, column.in_(part))


def runs(connection: sa.Connection, *chosen: sa.ColumnElement[bool]) -> list[BatchRun]:
    """Return the runs that are chosen, in the order in which they were recorded, times with their zone."""
    query = sa.select(*(BATCH_RUNS.c[name] for name in NAMES)).where(*chosen).order_by(BATCH_RUNS.c.id)
    return [run_of_row(dict(row)) for row in connection.execute(query).mappings()]


def run_of_row(row: Mapping[str, Any]) -> BatchRun:
    """Return a row of the table as a run, its time in UTC, a zone that SQLite does not keep."""
    run = BatchRun(**{name: row[name] for name in NAMES})
    moment = run.time
    return run._replace(time=moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC))


def rejected_of(connection: sa.Connection, run: BatchRun, rows: Iterable[int]) -> set[int]:
    """Return those rows of a run that have no answer."""
    of_block: dict[int, list[int]] = defaultdict(list)
    for row in rows:
        if row < run.rows:
            of_block[row >> BLOCK].append(row)
    names, found = BATCH_REJECTED.c, set()
    for part in parts(sorted(of_block)):
        query = sa.select(names.block, names.bits).where(names.run_id == run.run_id, names.block.in_(part))
        for block, compressed in connection.execute(query):
            bits = zlib.decompress(compressed)
            found |= {row for row in of_block[block] if bits[(row & (1 << BLOCK) - 1) >> 3] >> (row & 7) & 1}
    return found


def parts(items: Iterable[Item]) -> Iterator[list[Item]]:
    """Yield items in lists of so many as one question takes."""
    left = iter(items)
    while part := list(islice(left, MANY)):
        yield part
