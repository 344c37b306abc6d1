"""Group commit: each request waits for its own rows, and nothing refused is acknowledged"""

import asyncio
import sys
import threading
import time
from collections.abc import Iterator

import pytest

from src.journal import group_commit
from src.journal.group_commit import GATHER, TURN, GroupCommit, WriteRefusedError


class Disk:
    """Takes what is committed; slow, or broken for a while."""

    def __init__(self) -> None:
        self.groups: list[list[int]] = []
        self.broken = self.faulty = False
        self.threads: list[int] = []  # which of them brought each group
        self.seconds = 0.0  # that each takes
        self.free = threading.Event()
        self.free.set()

    def commit_now(self, rows: list[int]) -> bool:
        if self.broken or not self.free.is_set():
            return False
        self.commit(rows)
        return True

    def commit(self, rows: list[int]) -> None:
        assert self.free.wait(10)
        time.sleep(self.seconds)
        self.threads.append(threading.get_ident())
        if self.broken:
            raise WriteRefusedError("the disk is full")
        if self.faulty:
            raise TypeError("a value that no driver takes")
        self.groups.append(rows)

    @property
    def rows(self) -> list[int]:
        return [row for group in self.groups for row in group]


@pytest.fixture
def disk() -> Disk:
    return Disk()


@pytest.fixture(params=["by a thread", "prompt"])
def commits(disk: Disk, request: pytest.FixtureRequest) -> Iterator[GroupCommit[int]]:
    found = GroupCommit(disk.commit, 50, disk.commit_now if request.param == "prompt" else None)
    found.start()
    yield found
    disk.free.set()
    found.close()


def test_write_returns_when_its_rows_are_durable(commits: GroupCommit[int], disk: Disk) -> None:
    async def one_after_another() -> None:
        for number in range(5):
            await commits.write([number, -number])
            assert disk.rows[-2:] == [number, -number]

    asyncio.run(one_after_another())


def test_what_arrives_during_a_commit_is_one_group(commits: GroupCommit[int], disk: Disk) -> None:
    async def during() -> None:
        disk.free.clear()
        first = asyncio.create_task(commits.write([0]))
        await asyncio.sleep(0.1)
        others = [asyncio.create_task(commits.write([number])) for number in range(1, 30)]
        await asyncio.sleep(0.1)
        assert not any(task.done() for task in [first, *others])
        disk.free.set()
        await asyncio.gather(first, *others)

    asyncio.run(during())
    assert sorted(disk.rows) == list(range(30))
    assert len(disk.groups) <= 3


def test_prompt_disk_is_asked_in_the_event_loop_and_a_slow_one_by_the_thread(
    disk: Disk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(group_commit, "PROMPT", 0.1)
    commits = GroupCommit(disk.commit, 50, disk.commit_now)
    commits.start()

    async def write(count: int, seconds: float) -> None:
        disk.seconds = seconds
        for number in range(count):
            await commits.write([number])

    for count, seconds in ((3, 0.0), (3, 0.2), (2, 0.0)):
        asyncio.run(write(count, seconds))
    commits.close()
    here = [ident == threading.get_ident() for ident in disk.threads]
    # nothing is known of the disk at first; it is slow once here, and then as long as the thread finds it so
    assert here == [False, True, True, True, False, False, False, True]
    assert disk.rows == [0, 1, 2, 0, 1, 2, 0, 1]


def test_what_cannot_be_written_at_once_is_written_by_the_thread_and_only_once(disk: Disk) -> None:
    commits = GroupCommit(disk.commit, 50, disk.commit_now)
    commits.start()
    commits.prompt = True

    async def while_another_writes() -> None:
        disk.free.clear()
        task = asyncio.create_task(commits.write([1]))
        await asyncio.sleep(0.1)  # the event loop goes on
        assert not task.done()
        disk.free.set()
        await task
        await commits.write([2])

    asyncio.run(while_another_writes())
    commits.close()
    assert disk.rows == [1, 2]


def test_requests_under_way_join_the_group_that_is_gathering(disk: Disk) -> None:
    commits = GroupCommit(disk.commit, 50, disk.commit_now)
    commits.start()
    commits.prompt = True

    async def answered(turns: int) -> None:
        for _ in range(turns):
            await asyncio.sleep(0)
        await commits.write([turns])

    async def together() -> None:
        await asyncio.gather(*(answered(turns) for turns in range(GATHER)))

    asyncio.run(together())
    commits.close()
    assert disk.groups == [list(range(GATHER))]


def test_refused_group_tells_each_of_its_requests_and_the_next_goes_on(commits: GroupCommit[int], disk: Disk) -> None:
    async def refused_then_taken() -> list[object]:
        disk.broken = True
        refused = await asyncio.gather(*(commits.write([number]) for number in range(5)), return_exceptions=True)
        disk.broken = False
        await commits.write([9])
        return list(refused)

    refused = asyncio.run(refused_then_taken())
    assert [str(error) for error in refused] == ["the disk is full"] * 5
    assert disk.rows == [9]


def test_fault_of_the_program_is_told_to_each_that_waits_and_the_next_goes_on(
    commits: GroupCommit[int], disk: Disk, caplog: pytest.LogCaptureFixture
) -> None:
    async def written() -> list[object]:
        await commits.write([0])
        disk.faulty = True
        told = await asyncio.gather(*(commits.write([row]) for row in (1, 2)), return_exceptions=True)
        disk.faulty = False
        await commits.write([3])
        return list(told)

    told = asyncio.run(asyncio.wait_for(written(), 10))
    assert [(type(error), str(error)) for error in told] == [(WriteRefusedError, "TypeError in the program")] * 2
    assert disk.rows == [0, 3]
    assert "a value that no driver takes" in caplog.text


def test_more_than_may_wait_are_refused_at_once(commits: GroupCommit[int], disk: Disk) -> None:
    async def flood() -> list[object]:
        disk.free.clear()
        first = asyncio.create_task(commits.write([-1]))
        await asyncio.sleep(0.1)
        tasks = [asyncio.create_task(commits.write([number])) for number in range(60)]
        await asyncio.sleep(0.1)
        disk.free.set()
        return list(await asyncio.gather(first, *tasks, return_exceptions=True))

    answers = asyncio.run(flood())
    refused = [answer for answer in answers if isinstance(answer, WriteRefusedError)]
    assert 0 < len(refused) <= 11
    assert len(disk.rows) == 61 - len(refused)


def test_client_that_has_gone_disturbs_nobody(commits: GroupCommit[int], disk: Disk) -> None:
    async def gone() -> None:
        disk.free.clear()
        leaving = asyncio.create_task(commits.write([1]))
        staying = asyncio.create_task(commits.write([2]))
        await asyncio.sleep(0.1)
        leaving.cancel()
        disk.free.set()
        await staying

    asyncio.run(gone())
    assert 2 in disk.rows


def test_close_writes_what_waits_and_a_second_start_goes_on(disk: Disk) -> None:
    commits = GroupCommit(disk.commit, capacity=50)
    commits.start()

    async def written_while_closing() -> None:
        disk.free.clear()
        tasks = [asyncio.create_task(commits.write([number])) for number in range(3)]
        await asyncio.sleep(0.1)
        closing = asyncio.create_task(asyncio.to_thread(commits.close))
        await asyncio.sleep(0.1)
        with pytest.raises(WriteRefusedError, match="stopping"):
            await commits.write([9])
        disk.free.set()
        await asyncio.gather(closing, *tasks)

    asyncio.run(written_while_closing())
    assert sorted(disk.rows) == [0, 1, 2]
    commits.start()
    asyncio.run(commits.write([4]))
    started = time.monotonic()
    commits.close()
    assert time.monotonic() - started < 5
    assert disk.rows[-1] == 4


@pytest.fixture
def interval() -> Iterator[float]:
    """A switch interval that the process had before any log was opened."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(0.003)
    yield pytest.approx(0.003)
    sys.setswitchinterval(before)


def test_last_close_restores_the_processes_switch_interval(
    disk: Disk, interval: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(group_commit, "TURNS", group_commit.ShortTurns())  # another test's service may write just now
    first, second = GroupCommit(disk.commit, capacity=5), GroupCommit(disk.commit, capacity=5)
    found = []
    for step in (first.start, second.start, first.close, first.close, second.close, first.start, first.close):
        step()
        found.append(sys.getswitchinterval())
    short = pytest.approx(TURN)
    assert found == [short, short, short, short, interval, short, interval]


def test_close_before_a_start_leaves_nothing_behind(disk: Disk) -> None:
    commits = GroupCommit(disk.commit, capacity=5)
    commits.close()
    commits.start()
    asyncio.run(commits.write([1]))
    commits.close()
    assert disk.rows == [1]
