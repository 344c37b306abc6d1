"""predictions of forgotten applicants -> the lake without what they said, in no snapshot that a reader could ask for

Rows of gold.predictions stay, without inputs and reasons; rows of bronze and silver that outcomes have added to the
training data go. The files of the snapshots that held them are deleted, every version that the bucket kept of them too.
What a version's tag holds is left and listed: it is the proof of what that version was trained on.
"""

from collections.abc import Iterable, Sequence
from functools import partial

import pyarrow as arrow
from pyiceberg.catalog import Catalog
from pyiceberg.table import Table, Transaction
from pyiceberg.table.update.snapshot import ManageSnapshots

from src.lake.bronze import PREDICTION
from src.lake.catalog import BRONZE, PREDICTIONS, SILVER, find_table, opened
from src.lake.commits import any_of, commit
from src.lake.erase import erase
from src.lake.forgotten import note, noted
from src.lake.predictions import ID, PRIVATE
from src.lake.settings import ROOT, read_settings
from src.lake.tags import EXPIRED, NAME, expired_of, tag_of
from src.lake.whole import SOURCE, present
from src.lineage.chain import Place
from src.lineage.storage import remote

DATA = {BRONZE: PREDICTION, SILVER: PREDICTION}  # tables of training data, and their column of predictions


def forget(predictions: Sequence[str], *, dry_run: bool) -> list[str]:
    """Forget what applicants said in these predictions; return what was done, or would be, in sentences.

    A killed one is simply called again. Raises LastroError.
    """
    place = remote(ROOT)
    with opened(read_settings(), place) as catalog:
        return forget_in(catalog, place, predictions, dry_run=dry_run)


def forget_in(catalog: Catalog, place: Place, predictions: Sequence[str], *, dry_run: bool) -> list[str]:
    """Forget predictions in a catalog."""
    told: list[str] = []
    for name in (PREDICTIONS, BRONZE, SILVER):
        if table := find_table(catalog, name):
            told += forget_rows(table, name, place, predictions, dry_run)
    return told


def forget_rows(table: Table, name: str, place: Place, predictions: Sequence[str], dry_run: bool) -> list[str]:
    """Forget predictions in a table; of its other snapshots, those that are no version's go with their files."""
    column = DATA.get(name, ID)
    kept = [f"{name}: {said}" for said in held_by_tags(table, column, predictions)]
    rows = held(table, column, predictions, table.metadata.current_snapshot_id, private=name == PREDICTIONS)
    if dry_run:
        return [*([f"{name}: {rows} rows would be rewritten"] if rows else []), *kept]
    new = name in DATA and not {*predictions} <= noted(table)
    if rows or new:
        commit(table, lambda transaction: rewrite(table, transaction, name, predictions))
    if rows or snapshots_with(table, column, predictions):
        kept += [f"{name}: the bucket keeps a version: `{command}`" for command in erase(table, place)]
    return [*([f"{name}: {rows} rows rewritten, and no snapshot holds what they said"] if rows else []), *kept]


def rewrite(table: Table, transaction: Transaction, name: str, predictions: Sequence[str]) -> None:
    """Take from a table what is to be forgotten, and note that it is not to come again."""
    column, summary = DATA.get(name, ID), {SOURCE: present(table.metadata) or ""} if name in DATA else {}
    condition = any_of(column, predictions)
    rows = table.scan(condition).to_arrow()
    if rows.num_rows:
        transaction.delete(condition, snapshot_properties=summary)
        if name == PREDICTIONS:
            transaction.append(blank(rows))
    if name in DATA:
        note(transaction, table, predictions)


def blank(rows: arrow.Table) -> arrow.Table:
    """Return rows without what applicants said."""
    for name in PRIVATE:
        place = rows.schema.get_field_index(name)
        rows = rows.set_column(place, rows.schema.field(place), arrow.nulls(rows.num_rows, arrow.string()))
    return rows


def held(table: Table, column: str, predictions: Sequence[str], snapshot: int | None, *, private: bool) -> int:
    """Return how many rows of a snapshot tell of predictions; of `private` columns, those that say something."""
    if snapshot is None or not predictions or column not in names_at(table, snapshot):
        return 0
    wanted = (column, *PRIVATE) if private else (column,)
    rows = table.scan(any_of(column, predictions), selected_fields=wanted, snapshot_id=snapshot).to_arrow()
    if not private:
        return int(rows.num_rows)
    return sum(any(row[name] is not None for name in PRIVATE) for row in rows.to_pylist())


def snapshots_with(table: Table, column: str, predictions: Sequence[str]) -> bool:
    """Say whether a snapshot that nothing names may tell of predictions: one from before an erasure that was killed."""
    named = {ref.snapshot_id for ref in table.metadata.refs.values()}
    others = [one for one in table.metadata.snapshots if one.snapshot_id not in named]
    return any(is_held(table, column, predictions, one.snapshot_id) for one in others)


def is_held(table: Table, column: str, predictions: Sequence[str], snapshot: int) -> bool:
    """Say whether a snapshot tells of predictions, or cannot be read any more: then its erasure had begun."""
    try:
        return held(table, column, predictions, snapshot, private=table.name()[-1] == "predictions") > 0
    except FileNotFoundError:
        return True


def names_at(table: Table, snapshot: int) -> list[str]:
    """Return the names of a snapshot's columns."""
    return [field.name for field in table.scan(snapshot_id=snapshot).projection().fields]


def held_by_tags(table: Table, column: str, predictions: Sequence[str]) -> Iterable[str]:
    """Yield each tag whose snapshot tells of the predictions, with the command that gives it up."""
    for tag, ref in sorted(table.metadata.refs.items()):
        if tag.startswith(f"{NAME}-") and (rows := held(table, column, predictions, ref.snapshot_id, private=False)):
            version = tag.removeprefix(f"{NAME}-")
            yield f"{tag} holds {rows} rows; `python -m src.lake expire --model-version {version}` gives it up"


def expire(catalog: Catalog, place: Place, version: int) -> list[str]:
    """Take a version's tag from the lake, with the files that only its snapshot held; return what was done."""
    told = []
    for name in DATA:
        if table := find_table(catalog, name):
            tagged = tag_of(version) in table.metadata.refs
            commit(table, partial(untag, table, version))
            left = erase(table, place)
            told += [f"{name}: {tag_of(version)} is gone, and the files that only it held"] if tagged else []
            told += [f"{name}: the bucket keeps a version: `{command}`" for command in left]
    return told or [f"no table has the tag {tag_of(version)}"]


def untag(table: Table, version: int, transaction: Transaction) -> None:
    """Remove a version's tag, and note that it is not to come again."""
    if tag_of(version) in table.metadata.refs:
        ManageSnapshots(transaction).remove_tag(tag_of(version)).commit()
    transaction.set_properties({EXPIRED: " ".join(map(str, sorted({*expired_of(table), version})))})
