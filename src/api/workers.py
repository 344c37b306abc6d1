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

from src.errors import LastroError
from src.files import write_json

ASKED = "asked"


class Report(NamedTuple):
    """What a process serves, and the newest call that it has followed."""

    pid: int
    event: int | None
    champion: str | None
    asked: int


class Workers:
    """This process among those that share `folder`."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.name = f"{os.getpid()}-{token_hex(4)}"  # a container's processes have the same few numbers each time
        self.lock: IO[str] | None = None

    def join(self) -> None:
        """Take a lock that ends with this process; it comes into place held, so that nobody takes it for a dead one's.

        Raises LastroError where the folder cannot be written.
        """
        path = self.folder / f".{self.name}"
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            self.lock = path.open("w")
            fcntl.flock(self.lock, fcntl.LOCK_EX)
            path.rename(self.folder / f"{self.name}.lock")
        except OSError as error:
            raise LastroError(f"{self.folder}: {error.strerror}") from None

    def leave(self) -> None:
        """Remove what says that this process lives."""
        self.remove(self.name)
        if self.lock is not None:
            self.lock.close()

    def remove(self, name: str) -> None:
        """Remove a process's files."""
        for end in ("json", "lock"):
            (self.folder / f"{name}.{end}").unlink(missing_ok=True)

    def report(self, event: int | None, champion: str | None, asked: int) -> None:
        """Say what this process serves, and the newest call that it has followed."""
        report = Report(int(self.name.partition("-")[0]), event, champion, asked)
        write_json(self.folder / f"{self.name}.json", report._asdict())

    def ask(self) -> int:
        """Call all processes to look again; returns the call's number, which later ones exceed."""
        number = max(time.time_ns(), self.asked() + 1)
        write_json(self.folder / ASKED, number)
        return number

    def asked(self) -> int:
        """Return the newest call's number; 0 before there was one."""
        try:
            return int((self.folder / ASKED).read_text())
        except FileNotFoundError:
            return 0

    def reports(self) -> list[Report]:
        """Return what each living process says, by its number; what dead ones left is removed."""
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
