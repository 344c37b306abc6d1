"""data package, DVC's objects, the registry's chain, the log -> all tables of the lake, with what is new"""

from collections.abc import Iterator, Mapping, Set
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from pyiceberg.catalog import Catalog

from src.journal.database import sqlite_file
from src.journal.reader import reading_engine
from src.lake import bronze, checks, runs, silver
from src.lake.catalog import BRONZE, CHECKS, OUTCOMES, PREDICTIONS, RUNS, SILVER, plainly
from src.lake.forget import forget_in
from src.lake.forgotten import forgotten_of, of_log
from src.lake.outcomes import sync_outcomes
from src.lake.predictions import sync_predictions
from src.lake.settings import Settings
from src.lake.tags import lacking, sync_tags
from src.lake.whole import put
from src.lineage.chain import Place, read_chain
from src.lineage.events import Event

PATIENCE = 30.0  # seconds that the log is waited for


def sync(catalog: Catalog, settings: Settings, root: Path, place: Place, *, inputs: bool = True) -> dict[str, Any]:
    """Bring every table up to date; return what each got: rows by table, the new tags, what was not there to read.

    What was done stays, whatever stops the rest: the same command goes on. Raises LastroError.
    """
    state = read_chain(place).state
    with plainly(), opened_log(settings) as log:
        gone = of_log(log)
        found = sync_data(catalog, root, place, state.versions, gone)
        found[RUNS] = sum(put(catalog, RUNS, [runs.trained(state)], runs.SCHEMA).values())
        if log is None:
            return found | {"without": "no prediction log yet"}
        found |= sync_log(catalog, log, inputs)
        if gone:  # whoever was forgotten while a sync had read what they said
            forget_in(catalog, place, sorted(gone), dry_run=False)
    return found


@contextmanager
def opened_log(settings: Settings) -> Iterator[sa.Engine | None]:
    """Yield an engine that only reads the log; None where there is none yet."""
    if (file := sqlite_file(settings.journal_url)) is not None and not file.is_file():
        yield None
        return
    log = reading_engine(settings.journal_url, max(PATIENCE, settings.database_timeout))
    try:
        yield log
    finally:
        log.dispose()


def sync_data(
    catalog: Catalog, root: Path, place: Place, versions: Mapping[int, Event], gone: Set[str]
) -> dict[str, Any]:
    """Bring bronze and silver up to date, without rows of predictions that are forgotten, and the versions' tags."""
    found: dict[str, Any] = {}
    if source := bronze.published(root, gone | forgotten_of(catalog, BRONZE)):
        found[BRONZE] = sum(put(catalog, BRONZE, [source], bronze.SCHEMA).values())
    own = silver.own_data(root, place)
    if sources := silver.typed(root, place, versions, own, gone | forgotten_of(catalog, SILVER)):
        found[SILVER] = sum(put(catalog, SILVER, sources, silver.SCHEMA, last_stands=own is not None).values())
    found["tags"] = sync_tags(catalog, versions, bronze.ingested(root) if source else None)
    if absent := lacking(catalog, versions):
        found["without data"] = absent
    return found


def sync_log(catalog: Catalog, log: sa.Engine, inputs: bool) -> dict[str, int]:
    """Bring the tables of the log up to date."""
    return {
        PREDICTIONS: sync_predictions(catalog, log, inputs),
        OUTCOMES: sync_outcomes(catalog, log),
        CHECKS: sum(put(catalog, CHECKS, [checks.judged(log)], checks.SCHEMA).values()),
    }
