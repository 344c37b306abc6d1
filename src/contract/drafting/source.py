"""a file as it was published -> how it is packed and encoded, its hash and bytes, and its first characters"""

import codecs
import hashlib
import zipfile
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath
from typing import IO, Literal, NoReturn

import chardet
from tqdm import tqdm

from src.contract.fields import ContractError
from src.contract.source import unpacked

BLOCK = 1 << 18  # the head of the text is the first block
DELAY = 2  # seconds after which progress is shown
WIDE = {codecs.BOM_UTF16_LE: "utf-16", codecs.BOM_UTF16_BE: "utf-16"}
TABLES = (".csv", ".tsv", ".tab", ".txt", ".dat", ".data")


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
    head, sample = _sampled(source)
    guesses = [WIDE[head[:2]]] if head[:2] in WIDE else ["utf-8", *_guessed(sample), "cp1252", "latin-1"]
    if head[:2] not in WIDE and b"\0" in head:
        raise ContractError(f"{source.path}: no text and no Parquet: save it as CSV")
    encoding = next((encoding for encoding in guesses if _is_all(source, encoding)), None)
    if encoding is None:
        raise ContractError(f"{source.path}: begins as UTF-16 and does not go on so")
    text = codecs.getincrementaldecoder(encoding)().decode(head)
    return replace(source, encoding=encoding, head=text.removeprefix("\ufeff"))


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


def opened(source: Source) -> AbstractContextManager[tuple[IO[bytes], IO[bytes]]]:
    """Open a text file: its bytes unpacked, and packed."""
    return unpacked(source.path, source.compression, source.innerpath)


def _sampled(source: Source) -> tuple[bytes, bytes]:
    """Return the first block of the text, and lines that are not ASCII, from anywhere in it."""
    with opened(source) as (content, _):
        head = block = content.read(BLOCK)
        sample: list[bytes] = []
        while block and sum(map(len, sample)) < BLOCK:
            sample += [line for line in block.splitlines() if not line.isascii()] if not block.isascii() else []
            block = content.read(BLOCK)
    return head, b"\n".join(sample)


def _guessed(sample: bytes) -> list[str]:
    """Return the encoding that the sample's letters speak for, if any."""
    found = chardet.detect(sample)["encoding"] if sample else None
    return [codecs.lookup(found).name] if found is not None else []


def _is_all(source: Source, encoding: str) -> bool:
    """Say whether all of the text can be read in that encoding."""
    decoder = codecs.getincrementaldecoder(encoding)()
    with progress(source, "encoding") as bar, opened(source) as (content, packed):
        try:
            while block := content.read(BLOCK):
                decoder.decode(block)
                bar.update(packed.tell() - bar.n)
            decoder.decode(b"", final=True)
        except UnicodeDecodeError:
            return False
    return True
