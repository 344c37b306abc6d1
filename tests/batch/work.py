"""What workers do in tests: a module of its own, since each of them imports it"""

import os
import signal
import time
from pathlib import Path
from typing import NamedTuple

from src.errors import LastroError


def squared(number: int) -> tuple[int, int]:
    return number * number, os.getpid()


def squared_unless_first(task: tuple[int, str]) -> int:
    """Die of the task in the first process that gets it."""
    number, mark = task
    if number % 4 == 0 and not Path(f"{mark}-{number}").exists():
        Path(f"{mark}-{number}").touch()
        os.kill(os.getpid(), signal.SIGKILL)
    return number * number


def dead(_number: int) -> int:
    os.kill(os.getpid(), signal.SIGKILL)
    return 0


def refused(number: int) -> int:
    raise LastroError(f"number: {number}: rule even")


def wrong(number: int) -> float:
    return number / 0


def slow(folder: str) -> None:
    Path(folder, str(os.getpid())).touch()
    time.sleep(60)


class Numbered(NamedTuple):
    """A task as those of a batch are: it names its model's folder."""

    models: str
    number: int
    folder: str


def written(task: Numbered) -> tuple[int, int, str]:
    """Write a file of the model and the number; return the number, the process and the model's folder."""
    from src.batch import places  # what the other workers start without

    time.sleep(0.05)
    places.write(
        f"{task.folder}/{task.number}", f"{Path(task.models, 'export.json').read_text()} {task.number}".encode()
    )
    return task.number, os.getpid(), task.models


def refused_number(task: Numbered) -> int:
    return refused(task.number)


def killed(_task: Numbered) -> int:
    return dead(0)
