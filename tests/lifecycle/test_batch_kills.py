"""A batch and its workers are killed by the dozen, here and on a cluster: nothing is lost, or done otherwise."""

import contextlib
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from src.batch import cluster, engine, places
from src.batch.cluster import ClusterError
from tests.batch.clusters import Cluster
from tests.batch.command import batch, files, split
from tests.batch.test_cluster import models, sha256s, tasks  # noqa: F401
from tests.batch.work import killed, written
from tests.ports import wait_until

pytestmark = pytest.mark.lifecycle
PARTS, EVERY, KILLS = 400, 10, 12


def killing(results: Iterator[tuple[int, int, str]], replace: Callable[[], object]) -> list[int]:
    """Take all results; after each tenth kill the worker that it came from, sooner or later in what it does then."""
    found, kills, chance = [], 0, random.Random(9)
    for number, process, _ in results:
        found.append(number)
        if len(found) % EVERY == 0:
            time.sleep(chance.random() / 10)
            with contextlib.suppress(ProcessLookupError):  # it was killed, and this is an earlier result of it
                os.kill(process, signal.SIGKILL)
                kills += 1
                replace()
    sys.stderr.write(f"{len(found)} parts, {kills} kills\n")
    assert kills > PARTS / EVERY / 2
    return sorted(found)


def test_processes_of_this_machine(models: Path, tmp_path: Path) -> None:  # noqa: F811  # the fixture above
    quiet = engine.run(written, tasks(models, tmp_path / "quiet", PARTS), 2)
    assert sorted(number for number, _, _ in quiet) == list(range(PARTS))
    found = killing(engine.run(written, tasks(models, tmp_path / "killed", PARTS), 3), lambda: None)
    assert found == list(range(PARTS))
    places.tidy(str(tmp_path / "killed"))  # what was killed in the middle of a write
    assert sha256s(tmp_path / "killed") == sha256s(tmp_path / "quiet")


def test_workers_of_a_cluster(models: Path, tmp_path: Path) -> None:  # noqa: F811  # the fixture above
    started = Cluster(tmp_path / "cluster", {}, "tcp")
    started.start(3)
    try:
        quiet = cluster.run(written, tasks(models, tmp_path / "quiet", PARTS), started.address, models)
        assert sorted(number for number, _, _ in quiet) == list(range(PARTS))
        results = cluster.run(written, tasks(models, tmp_path / "killed", PARTS), started.address, models)
        assert killing(results, started.add) == list(range(PARTS))
    finally:
        started.stop()
    places.tidy(str(tmp_path / "killed"))  # what was killed in the middle of a write
    assert sha256s(tmp_path / "killed") == sha256s(tmp_path / "quiet")


def until_more(output: Path, asked: subprocess.Popen[bytes]) -> None:
    """Return when a part more is there, or the command has ended."""
    before = len(list(output.glob("*.parquet")))
    wait_until(lambda: len(list(output.glob("*.parquet"))) > before or asked.poll() is not None, 120)


@pytest.mark.parametrize("cluster_of", [0, 2])
def test_command_that_is_killed_goes_on(cluster_of: int, tmp_path: Path) -> None:
    split(tmp_path / "in", 60)
    assert batch(tmp_path, "quiet").wait() == 0
    started = Cluster(tmp_path / "cluster", {}, "tcp")
    options = ["--scheduler", started.address] if cluster_of else ["--workers", "2"]
    if cluster_of:
        started.start(cluster_of)
    chance, codes = random.Random(19), []
    try:
        for _ in range(KILLS):
            asked = batch(tmp_path, "killed", *options)
            until_more(tmp_path / "killed", asked)
            time.sleep(chance.random() / 20)
            asked.kill()
            codes.append(asked.wait())
        assert batch(tmp_path, "killed", *options).wait() == 0
    finally:
        started.stop()
    sys.stderr.write(f"{codes.count(-signal.SIGKILL)} of {KILLS} kills in the middle\n")
    assert codes.count(-signal.SIGKILL) >= KILLS / 2  # the others came when all was done
    assert files(tmp_path / "killed") == files(tmp_path / "quiet")


def test_cluster_that_is_lost_is_a_sentence(
    models: Path,  # noqa: F811  # the fixture above
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(cluster, "PATIENCE", 2)
    plain = Cluster(tmp_path / "cluster", {"DASK_DISTRIBUTED__SCHEDULER__ALLOWED_FAILURES": "0"}, "tcp")
    plain.start(0)
    try:
        with pytest.raises(ClusterError, match="the cluster has no worker"):
            list(cluster.run(killed, tasks(models, tmp_path / "none", 1), plain.address, models))
        plain.add()
        monkeypatch.setattr(cluster, "PATIENCE", 20)
        with pytest.raises(ClusterError, match="workers died of the same part again and again"):
            list(cluster.run(killed, tasks(models, tmp_path / "dead", 1), plain.address, models))
        plain.add()
        found = cluster.run(written, tasks(models, tmp_path / "lost", 100), plain.address, models)
        next(found)
        plain.processes[0].kill()
        with pytest.raises(ClusterError, match="the cluster was lost; the same command goes on where it was"):
            list(found)
    finally:
        plain.stop()
