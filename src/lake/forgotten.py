"""a table -> whose rows are not to come again: predictions whose applicants were forgotten"""

from collections.abc import Iterable

from pyiceberg.catalog import Catalog
from pyiceberg.table import Table, Transaction

from src.lake.catalog import find_table

FORGOTTEN = "lastro.forgotten"  # a property of the table


def forgotten_of(catalog: Catalog, name: str) -> frozenset[str]:
    """Return the predictions whose rows a table is not to have; none where there is no table."""
    table = find_table(catalog, name)
    return noted(table) if table else frozenset()


def noted(table: Table) -> frozenset[str]:
    """Return the predictions that a table's property names."""
    return frozenset(table.properties.get(FORGOTTEN, "").split())


def note(transaction: Transaction, table: Table, predictions: Iterable[str]) -> None:
    """Write down predictions whose rows are not to come again."""
    transaction.set_properties({FORGOTTEN: " ".join(sorted({*noted(table), *predictions}))})
