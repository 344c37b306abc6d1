"""work, tasks -> each task's result as soon as it is there, by processes of this machine

A worker that dies (killed, out of memory) takes no task along: another process gets it, and no result is given twice.
Each task must therefore write the same bytes to the same places whoever does it. Tasks are taken one by one as workers
become free, so that a source may make them while it reads. Where whoever started the workers dies, so do they.
"""

import contextlib
import os
import signal
import threading
import traceback
from collections import Counter, deque
from collections.abc import Callable, Iterable, Iterator
from multiprocessing import get_context, parent_process, resource_tracker
from multiprocessing.connection import Connection, wait
from typing import Any, Generic, TypeVar

from src.errors import LastroError

ATTEMPTS = 3  # workers that may die of one task
LOST = (EOFError, OSError)  # what a pipe says whose other end has died, in the middle of a message too

Task = TypeVar("Task")
Done = TypeVar("Done")


class WorkerError(LastroError):
    """Workers die again and again of the same task."""


class Worker(Generic[Task, Done]):
    """A process that does one task at a time; `given` holds it, with its place among all."""

    def __init__(self, work: Callable[[Task], Done]) -> None:
        context = get_context("spawn")  # a copy of a process with threads may hang
        self.pipe, other = context.Pipe()
        self.process = context.Process(target=_serve, args=(work, other), daemon=True)
        with _uninterrupted():
            self.process.start()
        other.close()  # so that the pipe ends when the process does
        self.given: list[tuple[int, Task]] = []

    def give(self, place: int, task: Task) -> None:
        """Let it begin a task; that it has died is seen when it is asked for the result."""
        self.given = [(place, task)]
        with contextlib.suppress(*LOST):
            self.pipe.send(task)

    def take(self) -> tuple[bool, Any]:
        """Return whether the task was done, and its result or what was raised; raises one of LOST where it died."""
        answer: tuple[bool, Any] = self.pipe.recv()
        return answer

    def end(self) -> int | None:
        """Stop it, whatever it does; returns its exit code, of a signal the negative number."""
        self.process.kill()
        self.process.join()
        self.pipe.close()
        return self.process.exitcode


def run(work: Callable[[Task], Done], tasks: Iterable[Task], workers: int) -> Iterator[Done]:
    """Yield the result of each task as it is done, in no order; `work` is a function that its module names.

    One worker is this process itself. Raises what `work` raises, and WorkerError where three workers died of one task;
    closed or interrupted, it stops all workers first.
    """
    if workers == 1:
        yield from map(work, tasks)
        return
    pool = Pool(work, tasks, workers)
    try:
        while found := pool.round():
            yield from found
    finally:
        pool.close()


class Pool(Generic[Task, Done]):
    """The workers, what they do, and the tasks that wait for one."""

    def __init__(self, work: Callable[[Task], Done], tasks: Iterable[Task], workers: int) -> None:
        self.work, self.source, self.workers = work, enumerate(tasks), workers
        self.busy: dict[Connection, Worker[Task, Done]] = {}
        self.idle: list[Worker[Task, Done]] = []
        self.waiting: deque[tuple[int, Task]] = deque()
        self.deaths: Counter[int] = Counter()

    def round(self) -> list[Done]:
        """Return at least one result, and keep all workers busy; nothing when all is done."""
        found: list[Done] = []
        while not found and self._fill():
            self._look_ahead()
            heard = wait(list(self.busy))
            for worker in [self.busy.pop(pipe) for pipe in list(self.busy) if pipe in heard]:
                found += self._result(worker)
        self._fill()
        return found

    def close(self) -> None:
        """Stop all workers."""
        for worker in [*self.busy.values(), *self.idle]:
            worker.end()

    def _fill(self) -> bool:
        """Give a task to each free worker; say whether any worker has one."""
        while len(self.busy) < self.workers and self._look_ahead():
            worker = self.idle.pop() if self.idle else Worker(self.work)
            worker.give(*self.waiting.popleft())
            self.busy[worker.pipe] = worker
        return bool(self.busy)

    def _look_ahead(self) -> bool:
        """Have the next task ready; say whether there is one."""
        if not self.waiting:
            self.waiting.extend(next_of(self.source))
        return bool(self.waiting)

    def _result(self, worker: Worker[Task, Done]) -> list[Done]:
        """Return a worker's result; where it died, its task is the next that is given."""
        try:
            is_done, answer = worker.take()
        except LOST:
            code = worker.end()
            ((place, _),) = worker.given
            self.deaths[place] += 1
            if self.deaths[place] == ATTEMPTS:
                raise WorkerError(_died(code)) from None
            self.waiting.extendleft(worker.given)
            return []
        self.idle.append(worker)
        if not is_done:
            raise answer
        return [answer]


def next_of(source: Iterator[tuple[int, Task]]) -> list[tuple[int, Task]]:
    """Return the next item, or nothing at the end."""
    for item in source:
        return [item]
    return []


def _serve(work: Callable[[Task], Done], pipe: Connection) -> None:
    """Do tasks until there are none; ends with whoever started this process."""
    threading.Thread(target=_follow_parent, daemon=True).start()
    with contextlib.suppress(*LOST):
        while True:
            pipe.send(_answer(work, pipe.recv()))


def _answer(work: Callable[[Task], Done], task: Task) -> tuple[bool, Any]:
    """Return whether a task was done, and its result, or what was raised with the place where it was."""
    try:
        return True, work(task)
    except LastroError as error:
        return False, error
    except Exception as error:  # noqa: BLE001  # raised again where the result is taken
        error.add_note("".join(traceback.format_exception(error)))
        return False, error


def _follow_parent() -> None:
    """End this process when its parent has ended, in the middle of a task too."""
    parent = parent_process()
    if parent:
        parent.join()
        os._exit(1)


@contextlib.contextmanager
def _uninterrupted() -> Iterator[None]:
    """Let a process that is started here never see Ctrl-C, which is meant for whoever started it."""
    resource_tracker.ensure_running()  # which lets the signal through again when it starts
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _died(code: int | None) -> str:
    """Return what is to be said of a task that workers die of."""
    how = f"signal {signal.Signals(-code).name}" if code and code < 0 else f"exit code {code}"
    return (
        f"{ATTEMPTS} workers died of the same part, one after another (the last by {how}): where memory is short, "
        "fewer --workers leave more for each"
    )
