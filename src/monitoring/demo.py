"""`python -m src.monitoring demo`: fifteen months of made-up traffic, watched as they pass, in a log of their own

In the ninth month riskier applicants begin to come. Bads are known after two to nine months, goods after twelve: by the
end the first months' outcomes are known, and those of the others are on their way.
"""

import json
import logging
import sys
from argparse import Namespace
from collections import defaultdict
from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime, time, timedelta
from itertools import islice
from pathlib import Path

import numpy as np
import sqlalchemy as sa
from pydantic import SecretStr
from tqdm import tqdm

from src.contract.table import read_table
from src.errors import LastroError
from src.files import write_bytes
from src.journal.database import connect_engine, migrate, sqlite_file
from src.journal.monitored import SIMULATED
from src.journal.monitoring_tables import MONITOR_VIEWS
from src.journal.outcome_tables import OUTCOME_GROUPS, OUTCOMES
from src.journal.tables import PREDICTIONS
from src.lineage.policy import POLICY, read_policy
from src.model.card import CARD, Card, read_card
from src.model.development import REFERENCE, read_development
from src.monitoring import report
from src.monitoring.run import Monitor
from src.monitoring.settings import ROOT, Settings, read_settings
from src.monitoring.traffic import KEY, Pool, Shift, Told, Traffic, days_of, pool_of
from src.serving.predictors import load

FOLDER = "demo"  # of the state: the log of an API that runs with this state
MONTHS, SHIFTED = 15, 9
STEP = 28  # days that pass at a time
SEED = 9
TEST = ROOT / "data/processed/test.parquet"
EVALUATION, REGISTRATION = "evaluation.json", "registry.json"
NUMBERS = ("integer", "number")


def demo(_: Namespace) -> int:
    """Make the log anew, watch it, and say where it is."""
    for name in ("src", "alembic"):
        logging.getLogger(name).setLevel(logging.WARNING)
    settings = own(read_settings())
    pool = pool_in(settings.models, np.random.default_rng(SEED))
    first, last, since = period(datetime.now(UTC).date())
    shift = Shift(shifting(settings.models, pool.served.card))
    days = days_of(pool, first, last, np.random.default_rng(SEED + 1), shift, since)
    engine = made(settings)
    try:
        rows = passed(engine, Monitor(engine, settings, read_policy(ROOT / POLICY)), days, (first, last, since))
        found = report.read(engine, datetime.now(UTC))
    finally:
        engine.dispose()
    path = settings.state / report.FILE
    write_bytes(path, report.html(found, datetime.now(UTC)).encode())
    sys.stdout.write(f"{rows} simulated applications, {first} to {last}; from {since} on {shift.feature} is larger.\n")
    sys.stdout.write(f"The report opens without a network: {path}\n")
    return 0


def own(settings: Settings) -> Settings:
    """Return the settings of the demonstration: a state of its own, and nobody who is told."""
    state = settings.state / FOLDER
    file = state / "api" / "journal.db"
    return Settings(
        state=state,
        database_url=SecretStr(f"sqlite:///{file}"),
        serving=state / "serving",
        models=settings.models,
        slack_webhook_url=None,
    )


def made(settings: Settings) -> sa.Engine:
    """Return an engine of a new log in the place of an older demonstration's."""
    file = sqlite_file(settings.journal_url)
    if file is None:
        raise LastroError("the demonstration's log is a file")
    for path in file.parent.glob(f"{file.name}*"):
        path.unlink()
    engine = connect_engine(settings.journal_url, settings.database_timeout)
    migrate(engine, file)
    row = {"form_sha256": "", "kind": SIMULATED, "model_version": None, "found": "{}", "time": datetime.now(UTC)}
    with engine.begin() as connection:
        connection.execute(MONITOR_VIEWS.insert(), row)
    return engine


def pool_in(models: Path, random: np.random.Generator) -> Pool:
    """Return the pool of the test rows by the model of a folder; raises LastroError where something is missing."""
    development = read_development(models)
    if development is None:
        raise LastroError(f"{models / REFERENCE}: no such file; `dvc repro` writes it")
    if not TEST.exists():
        raise LastroError(f"{TEST}: no such file; `dvc repro` makes it, or `dvc pull` brings it")
    return pool_of(load(models), development, read_table(TEST), random, version_in(models))


def version_in(models: Path) -> str | None:
    """Return the number of a published model; None where it was not published."""
    path = models / REGISTRATION
    said = json.loads(path.read_bytes()) if path.is_file() else {}
    return str(said["version"]) if said.get("sha256") == read_card(models / CARD).sha256 else None


def shifting(models: Path, card: Card) -> str:
    """Return the number that tells most of the risk; raises LastroError where the model reads none."""
    numbers = {feature.name for feature in card.features if feature.type in NUMBERS}
    ranked = json.loads((models / EVALUATION).read_bytes())["importance"]
    for record in ranked:
        if record["feature"] in numbers:
            return str(record["feature"])
    raise LastroError("the model reads no number whose distribution could shift")


def period(today: date) -> tuple[date, date, date]:
    """Return the first day, yesterday, and the first day of the ninth month.

    >>> [str(day) for day in period(date(2026, 11, 26))]
    ['2025-08-01', '2026-11-25', '2026-04-01']
    """
    month = today.year * 12 + today.month - 1 - MONTHS
    first, since = (date(number // 12, number % 12 + 1, 1) for number in (month, month + SHIFTED - 1))
    return first, today - timedelta(days=1), since


def passed(engine: sa.Engine, monitor: Monitor, days: Iterator[Traffic], times: tuple[date, date, date]) -> int:
    """Let time pass: write some weeks of traffic and what has become known, and so on; return the rows.

    The monitor runs between them once something has shifted; its first run judges all that was before.
    """
    known: dict[date, list[Told]] = defaultdict(list)
    first, last, since = times
    day, rows = first, 0
    with tqdm(total=(last - first).days + 1, unit="day", desc="time passes") as bar:
        while week := list(islice(days, STEP)):
            for told in (told for traffic in week for told in traffic.outcomes):
                known[told.observed_at.date()].append(told)
            passing = [day + timedelta(days=number) for number in range(len(week))]
            write(engine, week, [told for one in passing for told in known.pop(one, [])])
            rows += sum(len(traffic.entries) for traffic in week)
            day += timedelta(days=len(week))
            if day >= since:
                monitor.run(datetime.combine(day, time(), UTC))
            bar.update(len(week))
    return rows


def write(engine: sa.Engine, days: Sequence[Traffic], outcomes: Sequence[Told]) -> None:
    """Write days of traffic, and outcomes that have become known, in one transaction."""
    told = [told._asdict() | {"received_at": told.observed_at, "key_id": KEY} for told in outcomes]
    groups = [one._asdict() | {"received_at": one.observed_at, "key_id": KEY} for day in days for one in day.groups]
    with engine.begin() as connection:
        for table, rows in (
            (PREDICTIONS, [entry._asdict() for day in days for entry in day.entries]),
            (OUTCOMES, [one | {"prediction_key_id": KEY} for one in told]),
            (OUTCOME_GROUPS, groups),
        ):
            if rows:
                connection.execute(table.insert(), rows)
