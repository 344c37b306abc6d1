"""a model's files <-> what of them travels to another machine: their bytes, and the sha256 that these must have"""

import functools
import shutil
import tempfile
import weakref
from collections.abc import Mapping
from pathlib import Path
from threading import Lock

from src.errors import LastroError
from src.files import sha256_of
from src.lineage.follow import FILES


def packed(folder: Path) -> dict[str, bytes]:
    """Return the files of a model that are delivered to a service too: no fitted model, no row that it learned from."""
    return {name: (folder / name).read_bytes() for name in sorted(FILES) if (folder / name).is_file()}


def hashes(files: Mapping[str, bytes]) -> tuple[tuple[str, str], ...]:
    """Return each file's name and sha256."""
    return tuple((name, sha256_of(content)) for name, content in sorted(files.items()))


class Unpacked:
    """The models that this process was sent, each in a folder of its own until the process ends."""

    def __init__(self) -> None:
        self.lock = Lock()  # a worker may have several threads
        self.folders: dict[tuple[tuple[str, str], ...], Path] = {}

    def folder(self, files: Mapping[str, bytes], named: tuple[tuple[str, str], ...], below: Path) -> Path:
        """Return a folder with these files; raises LastroError where one is not the one whose sha256 is named."""
        with self.lock:
            if named not in self.folders:
                _verify(files, named)
                folder = Path(tempfile.mkdtemp(prefix="model-", dir=below))
                weakref.finalize(self, shutil.rmtree, folder, ignore_errors=True)  # when the process ends, too
                for name, content in files.items():
                    (folder / name).write_bytes(content)
                self.folders[named] = folder
            return self.folders[named]


@functools.cache
def unpacked() -> Unpacked:
    """Return this process's models."""
    return Unpacked()


def _verify(files: Mapping[str, bytes], named: tuple[tuple[str, str], ...]) -> None:
    found, wanted = dict(hashes(files)), dict(named)
    for name in sorted(found.keys() | wanted.keys()):
        if found.get(name) != wanted.get(name):
            raise LastroError(
                f"{name}: refused, the sha256 of what came is {found.get(name)}, the task names {wanted.get(name)}"
            )
