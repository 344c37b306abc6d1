"""OUTPUT and its manifest's sha256 -> what was answered to rows, by their numbers, a part at a time

Bytes are verified before anything is read of them: the manifest by the log, each part by the manifest.
"""

import json
from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np
import pyarrow as arrow
from numpy.typing import NDArray
from pyarrow import parquet

from src.batch import places
from src.errors import LastroError
from src.files import sha256_of
from src.journal.batch_ids import row_of

MANIFEST = "manifest.json"
Numbers = NDArray[np.int64]
Manifest = dict[str, Any]


class OutputError(LastroError):
    """What a run has written is not there any more, or is something else now."""


class Stretch(NamedTuple):
    """A part of an output: its address and hash, the numbers of its rows, `stop` left out, how many have an answer."""

    path: str
    sha256: str
    first: int
    stop: int
    answered: int


def manifest_of(output: str, sha256: str) -> Manifest:
    """Return the manifest of a run; raises OutputError where it is gone, or not the one that the log names."""
    content = read_verified(places.inside(output, MANIFEST), sha256, "the log")
    found: Manifest = json.loads(content)
    return found


def stretches(output: str, manifest: Manifest) -> Iterator[Stretch]:
    """Yield the parts in order."""
    first = 0
    for part in manifest["parts"]:
        stop = first + part["rows"]
        path = places.inside(output, part["path"])
        yield Stretch(path, part["sha256"], first, stop, part["rows"] - part["rejected"])
        first = stop


def rows_of(stretch: Stretch, columns: tuple[str, ...]) -> tuple[Numbers, arrow.Table]:
    """Return the numbers of a part's rows, in order, and some columns of them; raises OutputError."""
    content = read_verified(stretch.path, stretch.sha256, "the manifest")
    with parquet.ParquetFile(arrow.BufferReader(content)) as file:
        table = file.read(columns=["row", *columns])
        place = table["row"].to_numpy()
        if not len(place):
            return place, table
        (first,) = next(file.iter_batches(1, columns=["prediction_id"]))["prediction_id"].to_pylist()
    return place + (row_of(first) - int(place[0])), table


def read_verified(path: str, sha256: str, who: str) -> bytes:
    """Return a file's bytes; raises OutputError where it is gone, or not the one of this hash."""
    content = read(path)
    if (found := sha256_of(content)) != sha256:
        raise OutputError(f"{path}: its sha256 is {found}, {who} names {sha256}")
    return content


def read(path: str) -> bytes:
    """Return a file's bytes; raises OutputError where it is gone."""
    try:
        return places.read(path)
    except (LastroError, OSError) as error:
        raise OutputError(str(error)) from None
