"""forget and archive killed before each commit and around each object: nothing lost, nothing twice, all is finished

The folder's objects and SQLite's file are compared with a quiet run's.
"""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from src.journal.tables import Entry
from tests.conftest import ROOT
from tests.forgetting.conftest import BEFORE, NOW, OLD, Log, address, log
from tests.forgetting.test_forget import files, words_of

__all__ = ["address", "log"]
pytestmark = [pytest.mark.lifecycle, pytest.mark.parametrize("address", ["sqlite"], indirect=True)]
MOST = 60  # steps that a command has at most
COMMAND = """
import os, signal, sys
from datetime import datetime
from pathlib import Path
import sqlalchemy as sa
from src.errors import code_of
from src.forgetting import archive, objects
from src.forgetting.desk import opened
from src.forgetting.forget import forget
from src.forgetting.whom import Whom
from src.journal.settings import Settings
from src.lineage.folder import Folder
url, root, what, now, at = sys.argv[1:]
steps = iter(range(10**6))
def die(*_):
    if next(steps) == int(at):
        os.kill(os.getpid(), signal.SIGKILL)
def around(function):
    def step(*given):
        die()
        found = function(*given)
        die()
        return found
    return step
sa.event.listen(sa.engine.Engine, "commit", die)
Folder.create = around(Folder.create)
objects.remove = around(objects.remove)
archive.ROWS = 3
def run():
    with opened(Settings(_env_file=None, database_url=url), Path(root)) as desk:
        if what.startswith("before "):
            archive.archive(desk, datetime.fromisoformat(what[7:]), datetime.fromisoformat(now))
        else:
            forget(desk, Whom(prediction=what), datetime.fromisoformat(now), dry_run=False)
    return 0
sys.exit(code_of(run))
"""


def run(log: Log, what: str, at: int) -> int:
    """Run a command that is killed at a step; return how it ended."""
    command = [sys.executable, "-c", COMMAND, log.address, str(log.root), what, NOW.isoformat(), str(at)]
    return subprocess.run(command, env=os.environ | {"PYTHONPATH": str(ROOT)}, check=False).returncode


def whole(log: Log, made: list[Entry]) -> None:
    """Every prediction is found once, wherever it is; the log names each object that is there, and no other."""
    with log.reader() as reader:
        found = [entry for part in reader.since(OLD) for entry in part]
        assert sorted(entry.id for entry in found) == sorted(entry.id for entry in made)
        assert all(len(reader.find(entry.id)) == 1 for entry in made)
        assert {entry.id: entry.probability_of_default for entry in found} == {
            entry.id: entry.probability_of_default for entry in made
        }


def named(log: Log) -> list[str]:
    return sorted(Path(key).name for (key,) in log.all("SELECT object FROM archives"))


def test_archive_killed_anywhere_loses_and_doubles_nothing(log: Log) -> None:
    made = [*log.write(7, OLD, "old"), *log.write(2, NOW, "new")]
    log.tell(made)
    step = 0
    while (code := run(log, f"before {BEFORE.isoformat()}", step)) == -signal.SIGKILL:
        whole(log, made)
        step += 1
        assert step < MOST
    assert code == 0
    assert step >= 3, "it was killed before its first commits"
    whole(log, made)
    assert named(log) == log.objects
    assert log.all("SELECT count(*) FROM predictions") == [(2,)]
    with log.reader() as reader:
        assert [reader.find(one.id)[0] for one in made] == made


def test_forget_killed_anywhere_is_finished_by_the_same_command(log: Log) -> None:
    made = [*log.write(7, OLD, "old"), *log.write(2, NOW, "new")]
    log.tell(made)
    assert run(log, f"before {BEFORE.isoformat()}", -1) == 0
    hers = [made[1], made[8]]
    for one in hers:
        step = 0
        while (code := run(log, one.id, step)) == -signal.SIGKILL:
            whole(log, made)
            step += 1
            assert step < MOST
        assert code == 0
        assert step >= 3
    whole(log, made)
    left = files(log)
    assert [word for one in hers for word in words_of(one) if word in left] == []
    assert all(words_of(one)[0] in left for one in made if one not in hers and one.time == NOW)
    assert named(log) == log.objects
    assert log.all("SELECT count(*) FROM forgotten WHERE done_at IS NULL") == [(0,)]
    with log.reader() as reader:
        assert [reader.find(one.id)[0] for one in made if one not in hers] == [one for one in made if one not in hers]
