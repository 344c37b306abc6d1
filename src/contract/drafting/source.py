"""a file as it was published -> how it is packed and encoded, its hash and bytes, and its first characters"""

import codecs
import gzip
import hashlib
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath
from typing import IO, Literal, NoReturn, cast

from tqdm import tqdm

from src.contract.fields import ContractError

BLOCK = 1 << 18  # the head of the text is the first block
DELAY = 2  # seconds after which progress is shown
WIDE = {codecs.BOM_UTF16_LE: "utf-16", codecs.BOM_UTF16_BE: "utf-16"}
TABLES = (".csv", ".tsv", ".tab", ".txt", ".dat", ".data")
BROKEN = (EOFError, zlib.error, gzip.BadGzipFile, zipfile.BadZipFile, RuntimeError, NotImplementedError)


@dataclass(frozen=True)
class Source:
    """The published file: `sha256` and `size` are of its bytes as they are, `head` is the first of the text within."""

    path: Path
    size: int
    sha256: str
    format: Literal["csv", "parquet"] = "csv"
    compression: Literal["gz", "zip"] | None = None
    innerpath: str | None = None
    encoding: str = "utf-8"
    head: str = ""


def read_source(path: Path) -> Source:
    """Read the file once, in blocks; raises ContractError for what is neither a text table nor Parquet."""
    sha256, size = hashlib.sha256(), 0
    with path.open("rb") as file:
        start = file.read(4)
        file.seek(0)
        while block := file.read(BLOCK):
            sha256.update(block)
            size += len(block)
    source = Source(path, size, sha256.hexdigest())
    if start == b"PAR1":
        return replace(source, format="parquet")
    if start.startswith(b"\x1f\x8b"):
        source = replace(source, compression="gz")
    elif start == b"PK\x03\x04":
        source = replace(source, compression="zip", innerpath=_inner(path))
    with progress(source, "encoding") as bar, opened(source) as (unpacked, packed):
        encoding, head = _decoded(source, unpacked, packed, bar)
    return replace(source, encoding=encoding, head=head)


def _inner(path: Path) -> str:
    try:
        with zipfile.ZipFile(path) as archive:
            names = [entry.filename for entry in archive.infolist() if not entry.is_dir()]
    except zipfile.BadZipFile as error:
        raise ContractError(f"{path}: no zip archive that can be read: {error}") from None
    names = sorted(name for name in names if not name.startswith("__MACOSX/"))
    tables = [name for name in names if PurePosixPath(name).suffix.lower() in TABLES] or names
    if len(tables) != 1:
        raise ContractError(f"{path}: a zip with one table is read; this one holds {', '.join(tables[:10]) or 'none'}")
    return tables[0]


def progress(source: Source, what: str) -> "tqdm[NoReturn]":
    """Return a bar on stderr over the file's bytes, which shows itself after two seconds."""
    return tqdm(total=source.size, unit="B", unit_scale=True, desc=f"{what} of {source.path.name}", delay=DELAY)


@contextmanager
def opened(source: Source) -> Iterator[tuple[IO[bytes], IO[bytes]]]:
    """Yield a text file unpacked, and packed: how far the second is read is how far the work is."""
    try:
        with source.path.open("rb") as packed:
            if source.compression == "gz":
                with gzip.open(packed) as unpacked:
                    yield cast(IO[bytes], unpacked), packed
            elif source.compression == "zip":
                with zipfile.ZipFile(packed) as archive, archive.open(source.innerpath or "") as unpacked:
                    yield unpacked, packed
            else:
                yield packed, packed
    except BROKEN as error:
        raise ContractError(f"{source.path}: cannot be unpacked: {error}") from None


def _decoded(source: Source, unpacked: IO[bytes], packed: IO[bytes], bar: "tqdm[NoReturn]") -> tuple[str, str]:
    """Return the encoding that all bytes have, and the first characters; UTF-8 wherever all bytes can be that."""
    head = block = unpacked.read(BLOCK)
    wide = WIDE.get(head[:2])
    if wide is None and b"\0" in head:
        raise ContractError(f"{source.path}: no text and no Parquet: save it as CSV")
    utf8, high = codecs.getincrementaldecoder("utf-8")(), set[int]()
    is_utf8 = wide is None
    while block and wide is None:
        high |= set(block) if not block.isascii() else set()
        try:
            utf8.decode(block)
        except UnicodeDecodeError:
            is_utf8 = False
        block = unpacked.read(BLOCK)
        bar.update(packed.tell() - bar.n)
    encoding = wide or ("utf-8" if is_utf8 else _western(high))
    text = codecs.getincrementaldecoder(encoding)(errors="replace").decode(head)
    return encoding, text.removeprefix("\ufeff")


def _western(found: set[int]) -> str:
    """Return Windows' Latin encoding where it has a sign for every byte found, else ISO's."""
    try:
        bytes(found).decode("cp1252")
    except UnicodeDecodeError:
        return "latin-1"
    return "cp1252" if any(0x80 <= byte < 0xA0 for byte in found) else "latin-1"
