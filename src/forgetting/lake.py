"""the lake, where there is one -> how far it has read the log; predictions out of it

Its libraries are not in every environment, and to open a catalog makes it: both are looked at first.
"""

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import sqlalchemy as sa

from src.errors import LastroError
from src.journal.database import connect_engine, sqlite_file
from src.lake.settings import ROOT, read_settings
from src.lineage.storage import remote

CATALOG, PATIENCE = "iceberg_tables", 30.0  # the table in which a catalog keeps its own; seconds
Progress = dict[str, Any]


def forget_in_lake(_: Sequence[str], predictions: Sequence[str], dry_run: bool) -> list[str]:
    """Rewrite the lake's tables without what predictions hold; tagged snapshots are told with their commands."""
    if not predictions or not is_there():
        return []
    with with_its_libraries():
        from src.lake.forget import forget

        return [f"lake: {sentence}" for sentence in forget(predictions, dry_run=dry_run)]


def read_by_lake() -> Progress | None:
    """Return how far the lake has read the log; None where there is no lake."""
    if not is_there():
        return None
    with with_its_libraries():
        from src.lake.catalog import PREDICTIONS, find_table, opened
        from src.lake.predictions import PROGRESS

        with opened(read_settings(), remote(ROOT)) as catalog:
            table = find_table(catalog, PREDICTIONS)
            return None if table is None else dict(json.loads(table.properties.get(PROGRESS, "{}")))


def is_there() -> bool:
    """Return whether somebody has made the lake's catalog."""
    address = read_settings().catalog_url
    if address is None:
        return True
    if (file := sqlite_file(address)) is not None:
        return file.is_file()
    engine = connect_engine(address, PATIENCE)
    try:
        return sa.inspect(engine).has_table(CATALOG)
    finally:
        engine.dispose()


@contextmanager
def with_its_libraries() -> Iterator[None]:
    """Let a missing library leave as a sentence."""
    try:
        yield
    except ModuleNotFoundError as error:
        raise LastroError(
            f"there is a lake, and {error.name} is not installed here: run this where it is synced"
        ) from None
