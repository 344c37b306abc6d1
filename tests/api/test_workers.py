"""Processes that share a folder find each other, and nobody waits for one that has died"""

import multiprocessing
import os
import signal
from pathlib import Path
from typing import Any

import pytest

from src.api.workers import Report, Workers


def joined(folder: Path) -> Workers:
    found = Workers(folder)
    found.join()
    return found


def live(folder: Path, ready: Any) -> None:
    """A process that says what it serves, and then does nothing."""
    me = joined(folder)  # kept: its lock ends with it
    me.report(7, "3", 0)
    ready.set()
    signal.pause()


def test_one_that_was_killed_is_no_longer_there_and_its_files_neither(tmp_path: Path) -> None:
    context = multiprocessing.get_context("spawn")
    ready = context.Event()
    process = context.Process(target=live, args=(tmp_path, ready), daemon=True)
    process.start()
    assert ready.wait(60)
    me = joined(tmp_path)
    assert me.reports() == [Report(process.pid or 0, 7, "3", 0)], "who has said nothing yet is not waited for"
    me.report(8, "4", 0)
    assert {report.champion for report in me.reports()} == {"3", "4"}
    process.kill()
    process.join()
    assert me.reports() == [Report(os.getpid(), 8, "4", 0)]
    assert {path.stem for path in tmp_path.iterdir()} == {me.name}
    me.leave()
    assert list(tmp_path.iterdir()) == []


def test_call_is_seen_by_all_and_a_later_one_has_a_larger_number(tmp_path: Path) -> None:
    one, other = joined(tmp_path), joined(tmp_path)
    assert (one.asked(), other.asked()) == (0, 0)
    first = one.ask()
    second = other.ask()
    assert second > first
    assert one.asked() == other.asked() == second
    one.report(1, "1", first)
    other.report(1, "1", second)
    assert {report.asked for report in one.reports()} == {first, second}
    one.leave()
    other.leave()


def test_two_of_one_number_are_two(tmp_path: Path) -> None:
    """As the first processes of two containers are, which share a folder."""
    one, other = joined(tmp_path), joined(tmp_path)
    one.report(1, "1", 0)
    other.report(2, "2", 0)
    assert [report.event for report in one.reports()] == [1, 2]
    one.leave()
    assert [report.event for report in other.reports()] == [2]
    other.leave()


def test_process_that_cannot_write_stands_alone(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    me = Workers(tmp_path / "file" / "workers")
    with pytest.raises(OSError, match="Not a directory"):
        me.join()
    me.report(3, "2", 0)
    number = me.ask()
    assert (me.asked(), me.reports()) == (number, [Report(os.getpid(), 3, "2", 0)])
    me.leave()
