"""an address, on this machine or s3:// -> its files; a file -> its bytes, as a stream or at any place; bytes -> a file

An address is one file, a folder (the files right in it), or a pattern (`*`, `?`, `[…]`, `**` for folders between). A
file is written whole or not at all: beside its name and then renamed, or by one PUT.
"""

import contextlib
import fnmatch
import glob
import uuid
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from pyarrow import NativeFile
from pyarrow.fs import FileSystem, LocalFileSystem

from src.batch import objects
from src.batch.objects import S3
from src.errors import LastroError

BUFFER = 1 << 23  # bytes that a stream reads at once
UNSEEN = (".", "_")  # how the names begin of what tools leave beside the data
PARTIAL = ".partial"
ATTEMPTS = 3  # to write a file, before the last one


class PlaceError(LastroError):
    """An address names no file, or a file cannot be had."""


class File(NamedTuple):
    """A file by its whole address, and its bytes."""

    path: str
    bytes: int


def expand(address: str) -> list[File]:
    """Return the files of an address in the order of their names; raises PlaceError where there is none."""
    found = _objects(address) if address.startswith(S3) else _files(_local(address))
    if not found:
        raise PlaceError(f"{address}: {_nothing(address)}")
    return sorted(found)


def whole(address: str) -> str:
    """Return an address that another process understands, wherever it runs: a path of this machine from its root."""
    return address.rstrip("/") if address.startswith(S3) else str(_local(address).absolute())


def inside(folder: str, *names: str) -> str:
    """Return the address of a file below a folder."""
    return "/".join((folder.rstrip("/"), *names))


def exists(path: str) -> bool:
    """Say whether there is such a file."""
    return objects.size(path) is not None if path.startswith(S3) else _local(path).is_file()


def seekable(path: str) -> NativeFile:
    """Open a file to read any part of it, as Parquet wants; raises PlaceError."""
    system, place = _system(path)
    try:
        return system.open_input_file(place)
    except OSError as error:
        raise PlaceError(_why(path, error)) from error


def stream(path: str) -> NativeFile:
    """Open a file to read it once from its beginning, as its bytes are (a `.gz` too); raises PlaceError."""
    system, place = _system(path)
    try:
        return system.open_input_stream(place, compression=None, buffer_size=BUFFER)
    except OSError as error:
        raise PlaceError(_why(path, error)) from error


def read(path: str) -> bytes:
    """Return a file's bytes; raises PlaceError."""
    with seekable(path) as file:
        content: bytes = file.read()
    return content


def write(path: str, content: bytes) -> None:
    """Write a file whole, in the place of a former one; whoever is killed while it writes leaves that as it was."""
    if path.startswith(S3):
        objects.put(path, content)
        return
    target = _local(path)
    target.parent.mkdir(parents=True, exist_ok=True)
    for _ in range(ATTEMPTS):
        with contextlib.suppress(FileNotFoundError):  # another run has tidied the folder meanwhile
            _replace(target, content)
            return
    _replace(target, content)


def remove(path: str) -> None:
    """Remove a file; one that is not there is no error."""
    if path.startswith(S3):
        objects.remove(path)
    else:
        _local(path).unlink(missing_ok=True)


def below(folder: str) -> list[File]:
    """Return every file below a folder, at any depth, in order; none where there is no such folder."""
    if folder.startswith(S3):
        prefix = f"{folder.rstrip('/')}/"
        return sorted(File(path, size) for path, size in objects.listed(prefix).items())
    found = (path for path in _local(folder).rglob("*") if path.is_file() and not path.name.startswith("."))
    return sorted(File(str(path.absolute()), path.stat().st_size) for path in found)


def tidy(folder: str) -> None:
    """Remove what killed writers left in a folder of this machine; a bucket holds nothing of them."""
    if not folder.startswith(S3):
        for path in _local(folder).rglob(f".*{PARTIAL}"):
            path.unlink(missing_ok=True)


def _local(address: str) -> Path:
    """Return a path of this machine; raises PlaceError for another kind of address."""
    path = address.removeprefix("file://")
    if "://" in path:
        raise PlaceError(f"{address}: files of this machine and s3://bucket/key are read, nothing else")
    return Path(path)


def _replace(target: Path, content: bytes) -> None:
    beside = target.with_name(f".{target.name}.{uuid.uuid4().hex}{PARTIAL}")  # several machines may share the folder
    try:
        beside.write_bytes(content)
        beside.replace(target)
    finally:
        beside.unlink(missing_ok=True)


def _files(place: Path) -> list[File]:
    """Return the local files of an address."""
    if place.is_file():
        found = [place]
    elif place.is_dir():
        found = [path for path in place.iterdir() if path.is_file() and not path.name.startswith(UNSEEN)]
    else:
        named = map(Path, glob.glob(str(place), recursive=True))  # noqa: PTH207  # of a pattern with a root too
        found = [path for path in named if path.is_file() and _is_seen(path.name, place.name)]
    return [File(str(path.absolute()), path.stat().st_size) for path in found]


def _objects(address: str) -> list[File]:
    """Return the objects of an address."""
    size = objects.size(address)
    if size is not None:
        return [File(address, size)]
    if not glob.has_magic(address):
        folder = f"{address.rstrip('/')}/"
        found = objects.listed(folder, deep=False)
        return [File(path, size) for path, size in found.items() if not path[len(folder) :].startswith(UNSEEN)]
    parts = address.split("/")
    fixed = next(place for place, part in enumerate(parts) if glob.has_magic(part))
    found = objects.listed("/".join((*parts[:fixed], "")))
    return [
        File(path, size)
        for path, size in found.items()
        if _matches(path.split("/"), parts) and _is_seen(path.rpartition("/")[2], parts[-1])
    ]


def _matches(names: Sequence[str], pattern: Sequence[str]) -> bool:
    """Say whether a path is of a pattern, both in their parts."""
    if not pattern or not names:
        return not names and all(part == "**" for part in pattern)
    if pattern[0] == "**":
        return _matches(names, pattern[1:]) or _matches(names[1:], pattern)
    return fnmatch.fnmatchcase(names[0], pattern[0]) and _matches(names[1:], pattern[1:])


def _is_seen(name: str, pattern: str) -> bool:
    """Say whether a name is of the data, or the pattern asks for names that begin so."""
    return not name.startswith(UNSEEN) or pattern[:1] == name[:1]


def _nothing(address: str) -> str:
    """Return why an address has no file."""
    if glob.has_magic(address):
        return "no file is of this pattern"
    if not address.startswith(S3) and _local(address).is_dir():
        return "the folder holds no file; a pattern, FOLDER/**/*.parquet for instance, takes those of folders in it"
    return "no such file or folder"


def _system(path: str) -> tuple[FileSystem, str]:
    """Return what reads a file, and the file's name there."""
    if path.startswith(S3):
        return objects.filesystem(objects.bucket_of(path)), path.removeprefix(S3)
    return LocalFileSystem(), str(_local(path))


def _why(path: str, error: OSError) -> str:
    """Return in one sentence why a file cannot be opened; asks the server, whose answers pyarrow shows raw."""
    if not exists(path):
        return f"{path}: no such file"
    return f"{path}: {' '.join((error.strerror or str(error)).split())}"
