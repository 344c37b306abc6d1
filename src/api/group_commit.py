"""rows from many requests -> one commit for all that arrive together, and each request waits for its own"""

import asyncio
from collections.abc import Callable, Sequence
from threading import Condition, Thread
from typing import Generic, NamedTuple, TypeVar

Row = TypeVar("Row")


class WriteRefusedError(Exception):
    """The rows are not written; nothing of them was acknowledged."""


class Waiting(NamedTuple, Generic[Row]):
    """A request's rows and the future that it awaits."""

    rows: Sequence[Row]
    done: asyncio.Future[None]


class GroupCommit(Generic[Row]):
    """One thread calls `commit(rows)`, which returns when they are durable or raises `WriteRefusedError`.

    While a commit waits for the disk, the next group gathers: the more requests, the cheaper each.
    """

    def __init__(self, commit: Callable[[list[Row]], None], capacity: int) -> None:
        self.commit = commit
        self.capacity = capacity
        self.waiting: list[Waiting[Row]] = []
        self.wake = Condition()
        self.closing = False
        self.thread: Thread | None = None

    def start(self) -> None:
        """Begin to write; again after a close, too."""
        self.closing = False
        self.thread = Thread(target=self.run, name="group-commit", daemon=True)
        self.thread.start()

    def close(self) -> None:
        """Write what waits, then end."""
        with self.wake:
            self.closing = True
            self.wake.notify()
        if self.thread is not None:
            self.thread.join()

    async def write(self, rows: Sequence[Row]) -> None:
        """Return when all of `rows` are durable; raises `WriteRefusedError` when none of them is."""
        done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        with self.wake:
            if self.closing or len(self.waiting) >= self.capacity:
                raise WriteRefusedError(
                    "the service is stopping" if self.closing else "too many requests wait for the disk"
                )
            self.waiting.append(Waiting(rows, done))
            self.wake.notify()
        await done

    def run(self) -> None:
        """Commit whatever has arrived since the last commit, until closed and empty (the thread's body)."""
        while group := self.gather():
            loop = group[0].done.get_loop()
            try:
                self.commit([row for waiting in group for row in waiting.rows])
                loop.call_soon_threadsafe(settle, group, None)
            except WriteRefusedError as error:
                loop.call_soon_threadsafe(settle, group, error)

    def gather(self) -> list[Waiting[Row]]:
        """Wait for rows and take all of them; empty once closed."""
        with self.wake:
            while not self.waiting and not self.closing:
                self.wake.wait()
            group, self.waiting = self.waiting, []
        return group


def settle(group: Sequence[Waiting[Row]], failure: WriteRefusedError | None) -> None:
    """Tell all who wait how their commit went (in the event loop)."""
    for _, done in group:
        if done.done():  # its client has gone
            continue
        if failure is None:
            done.set_result(None)
        else:
            done.set_exception(type(failure)(*failure.args))
