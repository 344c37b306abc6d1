"""a table, the log -> whose rows are not to come again: predictions whose applicants were forgotten"""

from collections.abc import Iterable

import sqlalchemy as sa
from pyiceberg.catalog import Catalog
from pyiceberg.table import Table, Transaction

from src.lake.catalog import find_table

FORGOTTEN = "lastro.forgotten"  # a property of the table
MARKS = sa.table("forgotten", sa.column("prediction_id", sa.Text))  # the log's, of who was forgotten there


def forgotten_of(catalog: Catalog, name: str) -> frozenset[str]:
    """Return the predictions whose rows a table is not to have; none where there is no table."""
    table = find_table(catalog, name)
    return noted(table) if table else frozenset()


def of_log(log: sa.Engine | None) -> frozenset[str]:
    """Return the predictions that the log has forgotten; none where it is from before that, or there is none."""
    if log is None or not sa.inspect(log).has_table(MARKS.name):
        return frozenset()
    with log.connect() as connection:
        return frozenset(connection.execute(sa.select(MARKS.c.prediction_id)).scalars())


def noted(table: Table) -> frozenset[str]:
    """Return the predictions that a table's property names."""
    return frozenset(table.properties.get(FORGOTTEN, "").split())


def note(transaction: Transaction, table: Table, predictions: Iterable[str]) -> None:
    """Write down predictions whose rows are not to come again."""
    transaction.set_properties({FORGOTTEN: " ".join(sorted({*noted(table), *predictions}))})
