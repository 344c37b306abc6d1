"""rows from many requests -> one commit for all that arrive together, and each request waits for its own"""

import asyncio
import logging
import sys
from collections.abc import Callable, Sequence
from queue import SimpleQueue
from threading import Lock, Thread
from time import perf_counter
from typing import Generic, NamedTuple, TypeVar

logger = logging.getLogger(__name__)
Row = TypeVar("Row")
PROMPT = 0.002  # seconds; a disk that has taken the last group within them is asked for the next one in the event loop
GATHER = 3  # turns of the event loop for which a group waits for the requests that are being answered now
TURN = 0.0005  # seconds (Python's own: .005) until a busy event loop lets the thread go on that the disk has answered


class WriteRefusedError(Exception):
    """The rows are not written; nothing of them was acknowledged."""


class Waiting(NamedTuple, Generic[Row]):
    """A request's rows and the future that it awaits."""

    rows: Sequence[Row]
    done: asyncio.Future[None]


class ShortTurns:
    """The process's switch interval, short while at least one thread of ours writes; its own again afterwards."""

    def __init__(self) -> None:
        self.lock = Lock()
        self.users = 0
        self.before = 0.0

    def begin(self) -> None:
        """Shorten the interval, remembering what it was."""
        with self.lock:
            if self.users == 0:
                self.before = sys.getswitchinterval()
                sys.setswitchinterval(TURN)
            self.users += 1

    def end(self) -> None:
        """Restore the interval after the last that began."""
        with self.lock:
            self.users -= 1
            if self.users == 0:
                sys.setswitchinterval(self.before)


TURNS = ShortTurns()  # one a process, as the interval is
Group = tuple[asyncio.AbstractEventLoop, list[Waiting[Row]]]


class GroupCommit(Generic[Row]):
    """One thread calls `commit(rows)`, which returns when they are durable or raises `WriteRefusedError`.

    While a commit waits for the disk, the next group gathers: the more requests, the cheaper each. Only the event loop
    touches what waits, so that a group costs two hand-overs between the threads, however many requests are in it.

    Two hand-overs cost several times what a prompt disk does. So `commit_now(rows)`, if given, is called in the event
    loop after each prompt commit; it waits for nothing but the disk, and says whether the rows are durable. If not, or
    not promptly, the thread has them, or the next. A disk that hangs holds up the event loop once.
    """

    def __init__(
        self,
        commit: Callable[[list[Row]], None],
        capacity: int,
        commit_now: Callable[[list[Row]], bool] | None = None,
    ) -> None:
        self.commit = commit
        self.commit_now = commit_now
        self.capacity = capacity
        self.waiting: list[Waiting[Row]] = []
        self.groups: SimpleQueue[Group[Row] | None] = SimpleQueue()
        self.busy = self.prompt = False
        self.closing = False
        self.thread: Thread | None = None

    def start(self) -> None:
        """Begin to write, again after a close too; the whole process's switch interval is short until then."""
        self.busy = self.closing = self.prompt = False
        TURNS.begin()
        self.thread = Thread(target=self.run, name="group-commit", daemon=True)
        self.thread.start()

    def close(self) -> None:
        """Write what waits, then end; nothing happens where nothing was begun."""
        self.closing = True
        if self.waiting:
            self.prompt = False  # this is no turn of the event loop
            self.write_all(self.waiting[0].done.get_loop())
        thread, self.thread = self.thread, None
        if thread is not None:
            self.groups.put(None)
            thread.join()
            TURNS.end()

    async def write(self, rows: Sequence[Row]) -> None:
        """Return when all of `rows` are durable; raises `WriteRefusedError` when none of them is."""
        if self.closing:
            raise WriteRefusedError("the service is stopping")
        if len(self.waiting) >= self.capacity:
            raise WriteRefusedError("too many requests wait for the disk")
        loop = asyncio.get_running_loop()
        done: asyncio.Future[None] = loop.create_future()
        self.waiting.append(Waiting(rows, done))
        if not self.busy:
            self.busy = True
            loop.call_soon(self.gather, loop, GATHER)
        await done

    def gather(self, loop: asyncio.AbstractEventLoop, turns: int) -> None:
        """Write all that waits, after so many turns."""
        if turns > 1:
            loop.call_soon(self.gather, loop, turns - 1)
        elif self.waiting:  # else a close has written it
            self.write_all(loop)

    def write_all(self, loop: asyncio.AbstractEventLoop) -> None:
        """Write all that waits, here or by the thread."""
        group, self.waiting = self.waiting, []
        if self.prompt and self.commit_now:
            begun = perf_counter()
            try:
                done = self.commit_now([row for rows, _ in group for row in rows])
            except Exception:  # noqa: BLE001  # the thread meets it again, and tells those who wait
                done = False
            if done:
                self.settle(loop, group, None, perf_counter() - begun)
                return
        self.groups.put((loop, group))

    def run(self) -> None:
        """Commit group after group until closed (the thread's body)."""
        while group := self.groups.get():
            loop, waiting = group
            begun, failure = perf_counter(), None
            try:
                self.commit([row for rows, _ in waiting for row in rows])
            except WriteRefusedError as error:
                failure = error
            except Exception as error:  # who waits is told, whatever it was, and the next group is written
                logger.exception("a group of rows failed")
                failure = WriteRefusedError(f"{type(error).__name__} in the program")
            loop.call_soon_threadsafe(self.settle, loop, waiting, failure, perf_counter() - begun)

    def settle(
        self,
        loop: asyncio.AbstractEventLoop,
        group: Sequence[Waiting[Row]],
        failure: WriteRefusedError | None,
        seconds: float,
    ) -> None:
        """Tell all who wait how their commit went, and let those who came meanwhile be the next group."""
        self.prompt = failure is None and seconds < PROMPT
        self.busy = bool(self.waiting)
        if self.waiting:
            loop.call_soon(self.gather, loop, GATHER)
        for _, done in group:
            if done.done():  # its client has gone
                continue
            if failure is None:
                done.set_result(None)
            else:
                done.set_exception(type(failure)(*failure.args))
