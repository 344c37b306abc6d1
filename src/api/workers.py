"""each process of the service <-> a small file that says what it serves; a call that all look again

Processes that share the state's folder find each other there. A lock that the kernel holds for as long as a process
lives tells its file from one that a crash has left behind.
"""

import contextlib
import fcntl
import json
import os
import time
from collections.abc import Iterator
from pathlib import Path
from secrets import token_hex
from typing import IO, NamedTuple

from src.files import write_json

ASKED = "asked"


class Report(NamedTuple):
    """What a process serves, and the newest call that it has followed."""

    pid: int
    event: int | None
    champion: str | None
    asked: int


class Workers:
    """This process among those that share `folder`; where nothing can be written there, it stands alone."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.pid = os.getpid()
        self.name = f"{self.pid}-{token_hex(4)}"  # a container's processes have the same few numbers each time
        self.lock: IO[str] | None = None
        self.own: Report | None = None
        self.newest = 0  # of the calls, where the process stands alone

    def join(self) -> None:
        """Take a lock that ends with this process; it comes into place held, so that nobody takes it for a dead one's.

        Raises OSError where the folder cannot be written.
        """
        path = self.folder / f".{self.name}"
        self.folder.mkdir(parents=True, exist_ok=True)
        lock = path.open("w")
        fcntl.flock(lock, fcntl.LOCK_EX)
        path.rename(self.folder / f"{self.name}.lock")
        self.lock = lock

    def leave(self) -> None:
        """Remove what says that this process lives."""
        if self.lock is not None:
            self.remove(self.name)
            self.lock.close()

    def remove(self, name: str) -> None:
        """Remove a process's files."""
        for end in ("json", "lock"):
            (self.folder / f"{name}.{end}").unlink(missing_ok=True)

    def report(self, event: int | None, champion: str | None, asked: int) -> None:
        """Say what this process serves, and the newest call that it has followed."""
        self.own = Report(self.pid, event, champion, asked)
        if self.lock is not None:
            write_json(self.folder / f"{self.name}.json", self.own._asdict())

    def ask(self) -> int:
        """Call all processes to look again; returns the call's number, which later ones exceed."""
        self.newest = max(time.time_ns(), self.asked() + 1)
        if self.lock is not None:
            write_json(self.folder / ASKED, self.newest)
        return self.newest

    def asked(self) -> int:
        """Return the newest call's number; 0 before there was one."""
        if self.lock is None:
            return self.newest
        try:
            return int((self.folder / ASKED).read_text())
        except FileNotFoundError:
            return 0

    def reports(self) -> list[Report]:
        """Return what each living process says, by its number; what dead ones left is removed."""
        if self.lock is None:
            return [self.own] if self.own else []
        return sorted(self.living())

    def living(self) -> Iterator[Report]:
        """Yield the reports of those whose lock is held."""
        for path in self.folder.glob("[0-9]*.lock"):
            if not held(path):
                self.remove(path.stem)
                continue
            with contextlib.suppress(FileNotFoundError):  # it has only just come, or is about to go
                yield Report(**json.loads(path.with_suffix(".json").read_text()))


def held(path: Path) -> bool:
    """Say whether a process holds the lock of a file; one that is gone meanwhile is held by none."""
    try:
        with path.open() as file:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)  # shared: others may look at the same moment
    except BlockingIOError:
        return True
    except FileNotFoundError:
        return False
    return False
