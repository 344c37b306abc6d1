"""A sync killed by the dozen, two at a time: the lake has each row of the log once, and each version its data"""

import os
import random
import signal
import subprocess
import sys
import time

import pyarrow as arrow
import pytest

from tests.conftest import ROOT
from tests.journal.rows import entry
from tests.lake.conftest import Lake, _ingested, at, lake, root, typed
from tests.monitoring.conftest import engine, migrated, sqlite
from tests.monitoring.test_run import address_of

__all__ = ["_ingested", "engine", "lake", "migrated", "root", "sqlite", "typed"]
pytestmark = pytest.mark.lifecycle
KILLS, ROWS, PART = 24, 6_000, 250
SYNC = """
import sys
from pathlib import Path
from src.lake import predictions, sync
from src.lake.catalog import opened
from src.lake.settings import Settings
from src.lineage.folder import Folder
root, remote, state, address, rows = sys.argv[1:]
predictions.sync_predictions.__defaults__ = (int(rows),)
settings = Settings(_env_file=None, state=Path(state), database_url=address)
place = Folder(Path(remote))
with opened(settings, place) as catalog:
    sync.sync(catalog, settings, Path(root), place)
"""


def begin(lake: Lake) -> subprocess.Popen[bytes]:
    """Start a sync in a process of its own."""
    given = [lake.root, lake.place.address, lake.settings.state, address_of(lake.log), str(PART)]
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    return subprocess.Popen([sys.executable, "-c", SYNC, *map(str, given)], env=environment, stderr=subprocess.PIPE)


def test_killed_syncs_lose_nothing_and_double_nothing(lake: Lake, typed: arrow.Table) -> None:
    chance = random.Random(7)
    entries = [entry(time=at(1 + number % 9)) for number in range(ROWS)]
    lake.add(entries[: ROWS // 2])
    lake.publish(1, typed.slice(0, 400))
    lake.publish(2, typed)
    late = iter(range(ROWS // 2, ROWS, ROWS // 2 // KILLS))
    killed = 0
    for first in late:
        lake.add(entries[first : first + ROWS // 2 // KILLS])
        running = [begin(lake) for _ in range(2)]
        time.sleep(chance.uniform(1.5, 6))
        for process in running:
            process.send_signal(signal.SIGKILL)
            killed += process.wait() == -signal.SIGKILL
    last = begin(lake)
    assert last.wait() == 0, last.stderr
    assert killed > KILLS
    assert lake.ask("SELECT count(*), count(DISTINCT prediction_id) FROM gold.predictions") == [(ROWS, ROWS)]
    assert lake.ask("SELECT count(*) FROM silver.applications", 1) == [(400,)]
    assert lake.ask("SELECT count(*) FROM silver.applications", 2) == [(1000,)]
    assert lake.ask("SELECT count(*), count(DISTINCT _line) FROM bronze.applications") == [(1000, 1000)]
    table = lake.catalog.load_table("silver.applications")
    assert sorted(table.metadata.refs) == ["credit-score-1", "credit-score-2", "main"]
