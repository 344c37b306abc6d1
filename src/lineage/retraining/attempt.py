"""what a retraining has begun -> a file in the state's folder, by which the next run goes on where one was killed"""

import fcntl
import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from itertools import count
from pathlib import Path
from typing import NamedTuple

from src import git
from src.files import write_json
from src.lineage.lock import LineageError
from src.lineage.retraining import worktree

FILE, TREES, PREFIX = "attempt.json", "worktrees", "retrain-"


class Attempt(NamedTuple):
    """A branch that is not yet published and reported, the commit from which it began, and why it did."""

    branch: str
    base: str
    why: str


@contextmanager
def alone(folder: Path) -> Iterator[int]:
    """Yield the descriptor of a lock that this process, and commands that inherit it, hold.

    Raises LineageError where another holds it.
    """
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            what = "another retraining, or a command that a killed one left"
            raise LineageError(f"{folder}: {what}, still works there") from None
        yield lock.fileno()


def begin(root: Path, folder: Path, why: str) -> Attempt:
    """Note and return a new attempt from HEAD, on a branch that does not exist yet."""
    today = datetime.now(UTC).date()
    names = (f"{PREFIX}{today}{f'-{number}' if number > 1 else ''}" for number in count(1))
    branch = next(name for name in names if worktree.tip(root, name) is None)
    attempt = Attempt(branch, worktree.asked(root, "rev-parse", "HEAD"), why)
    write_json(folder / FILE, attempt._asdict())
    return attempt


def unfinished(root: Path, folder: Path) -> Attempt | None:
    """Return the attempt whose branch holds a retrained model that was not reported; None where there is none.

    One that had not come so far is forgotten, its branch with it.
    """
    if not (folder / FILE).is_file():
        return None
    attempt = Attempt(**json.loads((folder / FILE).read_text(encoding="utf-8")))
    if worktree.tip(root, attempt.branch) in (None, attempt.base):
        forget(root, folder, attempt)
        return None
    return attempt


def forget(root: Path, folder: Path, attempt: Attempt) -> None:
    """End an attempt; its branch stays where something was committed on it."""
    git.output(root, "update-ref", "-d", f"refs/heads/{attempt.branch}", attempt.base)
    (folder / FILE).unlink(missing_ok=True)
