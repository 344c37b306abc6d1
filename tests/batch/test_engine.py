"""Processes of this machine: every task is done once, whoever is killed."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from src.batch.engine import WorkerError, run
from src.errors import LastroError
from tests.batch.work import dead, refused, squared, squared_unless_first, wrong
from tests.conftest import ROOT
from tests.ports import wait_until


def test_one_worker_is_this_process() -> None:
    assert list(run(squared, range(3), 1)) == [(number * number, os.getpid()) for number in range(3)]


def test_every_task_is_done_once_by_other_processes_and_taken_when_one_is_free() -> None:
    taken = []

    def source() -> Iterator[int]:
        for number in range(20):
            taken.append(number)
            yield number

    results = run(squared, source(), 2)
    first = next(results)
    assert len(taken) <= 6  # done, under way by both, and one that is ready
    found = [first, *results]
    assert sorted(number for number, _ in found) == [number * number for number in range(20)]
    assert os.getpid() not in {process for _, process in found}


def test_task_of_a_killed_worker_is_done_by_another(tmp_path: Path) -> None:
    tasks = [(number, str(tmp_path / "mark")) for number in range(7)]
    assert sorted(run(squared_unless_first, tasks, 2)) == [number * number for number in range(7)]
    assert len(list(tmp_path.iterdir())) == 2


def test_task_that_kills_every_worker_is_a_sentence() -> None:
    with pytest.raises(
        WorkerError, match=r"3 workers died of the same part, one after another \(the last by signal SIGKILL\)"
    ):
        list(run(dead, range(1), 2))


def test_error_of_a_task_is_raised_with_its_place() -> None:
    with pytest.raises(LastroError, match=r"^number: 0: rule even$"):
        list(run(refused, range(1), 2))
    with pytest.raises(ZeroDivisionError) as caught:
        list(run(wrong, range(1), 2))
    assert "in wrong" in caught.value.__notes__[0]


@pytest.mark.parametrize(("sign", "code"), [(signal.SIGINT, 130), (signal.SIGKILL, -9)])
def test_workers_end_with_whoever_started_them(sign: signal.Signals, code: int, tmp_path: Path) -> None:
    command = [sys.executable, "-X", "faulthandler", "-m", "tests.batch.interrupted", str(tmp_path)]
    with subprocess.Popen(command, cwd=ROOT, start_new_session=True, stderr=subprocess.PIPE, text=True) as asked:
        wait_until(lambda: len(list(tmp_path.iterdir())) == 2)
        workers = [int(path.name) for path in tmp_path.iterdir()]
        os.killpg(asked.pid, sign) if sign == signal.SIGINT else asked.send_signal(sign)
        try:
            _, said = asked.communicate(timeout=40)  # less than a worker's minute
        except subprocess.TimeoutExpired:
            os.killpg(asked.pid, signal.SIGABRT)  # nothing is left, and where it stood is said
            _, said = asked.communicate()
    assert (asked.returncode, said) == (code, "")
    wait_until(lambda: not any(Path(f"/proc/{worker}").exists() for worker in workers))
