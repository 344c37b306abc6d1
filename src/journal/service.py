"""this process -> the row that says which code answers, on what machine"""

import json
import platform
from datetime import datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import NamedTuple

from src import git
from src.journal.clock import SYSTEM, Clock

LIBRARIES = ("numpy", "pydantic-core")  # what reads an applicant and sums up a score, where the kernel does not
CODE = ("src",)
DIRTY = "-dirty"  # what `git describe --dirty` writes behind a commit
PROCESSOR = Path("/proc/cpuinfo")


class Service(NamedTuple):
    """One process start, in the table's order; `libraries` is a JSON object.

    `onnxruntime` is null since trees are summed here. Nobody knows the commit where the code is in no checkout.
    """

    id: str
    started: datetime
    code_commit: str | None
    code_dirty: bool | None
    python: str
    onnxruntime: str | None
    cpu: str | None
    libraries: str


def service_of(root: Path, commit: str = "", clock: Clock = SYSTEM) -> Service:
    """Return this process's row; `commit` is what an image was built from, with `-dirty` where files were changed."""
    known, dirty = built_from(commit) if commit else git.state(root, CODE)
    libraries = json.dumps({name: found for name in LIBRARIES if (found := installed(name))})
    return Service(
        clock.new_id(), clock.now(), known, dirty, platform.python_version(), None, processor(PROCESSOR), libraries
    )


def built_from(commit: str) -> tuple[str, bool]:
    """Return an image's commit, and whether files were changed since."""
    return commit.removesuffix(DIRTY), commit.endswith(DIRTY)


def installed(library: str) -> str | None:
    """Return a library's version; None where it is not here."""
    try:
        return version(library)
    except PackageNotFoundError:
        return None


def processor(path: Path) -> str | None:
    """Return the processor's name as Linux gives it; None elsewhere."""
    if not path.is_file():
        return platform.processor() or None
    lines = (line.partition(":") for line in path.read_text(encoding="utf-8", errors="replace").splitlines())
    names = (value.strip() for name, _, value in lines if name.strip() == "model name")
    return next(names, platform.machine() or None)
