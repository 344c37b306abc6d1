"""While the monitor counts, the service beside it answers as before: no 503, and its p99 at most twice as long"""

import json
import logging
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pandas as pd
import pytest
import sqlalchemy as sa

from benchmarks._load import Load, measure
from benchmarks.serving import bodies
from src.files import digest
from src.journal.identifiers import first_id
from src.journal.monitoring_tables import HOURLY_COUNTS
from src.journal.tables import PREDICTIONS
from src.model.card import read_card
from tests.api.live import KEYS, Server
from tests.conftest import ROOT, Project
from tests.journal.rows import entry
from tests.monitoring.conftest import engine, migrated, sqlite
from tests.monitoring.test_run import address_of
from tests.ports import wait_until

__all__ = ["engine", "migrated", "sqlite"]
log = logging.getLogger(__name__)
pytestmark = pytest.mark.lifecycle
ROWS, PART, SECONDS, CONNECTIONS = 400_000, 20_000, 5.0, 8


def fill(engine: sa.Engine, models: Path, lines: list[str]) -> None:
    """Write a log of a month, of the served form's applicants."""
    card, form = read_card(models / "model.json"), digest(models / "export.json")
    start = datetime.now(UTC) - timedelta(days=31)
    served = {"model_sha256": card.sha256, "form_sha256": form}
    for part in range(0, ROWS, PART):
        moments = (start + timedelta(days=30) * number / ROWS for number in range(part, part + PART))
        rows = [
            entry(id=first_id(moment)[:-8] + f"{number:08x}", time=moment, inputs=lines[number % len(lines)], **served)
            for number, moment in enumerate(moments)
        ]
        with engine.begin() as connection:
            connection.execute(PREDICTIONS.insert(), [row._asdict() for row in rows])


def counted(engine: sa.Engine) -> int:
    with engine.connect() as connection:
        return int(connection.execute(sa.select(sa.func.coalesce(sa.func.sum(HOURLY_COUNTS.c.rows), 0))).scalar_one())


@contextmanager
def monitor(environment: dict[str, str]) -> Iterator[None]:
    """The service, while it works."""
    command = [sys.executable, "-m", "src.monitoring", "run", "--every", "15"]
    process = subprocess.Popen(command, cwd=ROOT, env={**os.environ, **environment})
    try:
        yield
    finally:
        process.terminate()
        assert process.wait(60) == 0


def test_requests_are_answered_as_before_while_the_monitor_counts(
    engine: sa.Engine, light_run: Project, tmp_path: Path
) -> None:
    models = light_run.root / "models"
    rows, _ = bodies(tmp_path, pd.read_parquet(light_run.root / "data/processed/test.parquet"))
    features = [field["name"] for field in json.loads((models / "model.json").read_text())["features"]]
    lines = [{name: row[name] for name in features} for row in map(json.loads, rows.read_text().splitlines())]
    rows.write_text("".join(f"{json.dumps(line)}\n" for line in lines))
    fill(engine, models, [json.dumps(line) for line in lines])
    environment = {"LASTRO_DATABASE_URL": address_of(engine), "LASTRO_STATE": str(tmp_path)}
    server = Server(tmp_path, models, env=environment).start()
    load = Load("POST", "/predict", rows, KEYS["web"])
    try:
        measure(server.port, load, CONNECTIONS, 1.0)
        quiet = measure(server.port, load, CONNECTIONS, SECONDS)
        with monitor(environment | {"LASTRO_MODELS": str(models)}):
            wait_until(lambda: counted(engine) > 0, 60)
            before = counted(engine)
            busy = measure(server.port, load, CONNECTIONS, SECONDS)
            during = counted(engine) - before
    finally:
        server.stop()
    log.info("%s: quiet %s, while %d rows were counted %s", engine.dialect.name, quiet, during, busy)
    assert (quiet.failed, busy.failed) == (0, 0)
    assert during > 20_000
    assert busy.p99 <= 2 * quiet.p99
