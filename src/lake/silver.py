"""data/raw/applications.parquet of this project and of each version -> table silver.applications: typed, labelled rows

A version's publish event names its data by their md5, under which DVC keeps them: so the snapshot that is tagged
`credit-score-N` holds what version N was trained on, to the byte.
"""

import hashlib
import io
import json
from collections.abc import Mapping, Set
from functools import partial
from pathlib import Path

import numpy as np
import pyarrow as arrow
from pyarrow.parquet import read_table

from src.contract.origin import PREDICTIONS
from src.files import digest
from src.lake.bronze import PREDICTION, predictions, without
from src.lake.catalog import LakeError
from src.lake.columns import plain
from src.lake.whole import Source
from src.lineage.chain import Place
from src.lineage.events import Event
from src.lineage.lock import DATA, LOCK, read_lock

ROW = "_row"
SCHEMA = arrow.schema([(ROW, arrow.int64()), (PREDICTION, arrow.string())])


def typed(root: Path, place: Place, versions: Mapping[int, Event], own: str | None, left_out: Set[str]) -> list[Source]:
    """Return the data of each version, the oldest first, then the project's `own`, each named by its md5.

    Rows of predictions that are to be `left_out` are not among them.
    """
    names = [str(versions[number].data_md5) for number in sorted(versions)] + ([own] if own else [])
    ordered = list(dict.fromkeys(reversed(names)))[::-1]  # one that comes twice stands where it came last
    return [Source(md5, partial(rows_of, root, place, md5, left_out)) for md5 in ordered]


def own_data(root: Path, place: Place) -> str | None:
    """Return the md5 of the data that dvc.lock names; None where there is no dvc.lock, or nobody has them."""
    if not (root / LOCK).is_file():
        return None
    md5, _ = read_lock(root).output(DATA)
    return md5 if md5 == md5_of(root / DATA) or place.object_of(md5) else None


def md5_of(path: Path) -> str | None:
    """Return a file's md5; None where it is not there."""
    return digest(path, "md5") if path.is_file() else None


def rows_of(root: Path, place: Place, md5: str, left_out: Set[str]) -> arrow.Table | None:
    """Return the rows of an md5, of the project's file or of DVC's object; None where neither is there."""
    path = root / DATA
    content = path.read_bytes() if md5 == md5_of(path) else place.get_output(md5)
    if content is None:
        return None
    if hashlib.md5(content, usedforsecurity=False).hexdigest() != md5:
        raise LakeError(f"{place.url_of(md5)}: its md5 is another one; `dvc push` from where the file is whole")
    return silver_of(read_table(io.BytesIO(content)), left_out)


def silver_of(table: arrow.Table, left_out: Set[str]) -> arrow.Table:
    """Return the typed rows with their number, and which prediction each was."""
    known = json.loads((table.schema.metadata or {}).get(b"pandas", b"{}")).get("attributes", {})
    ids = predictions(known.get(PREDICTIONS, "").split(), table.num_rows)
    table = table.append_column(ROW, arrow.array(np.arange(table.num_rows))).append_column(PREDICTION, ids)
    return plain(without(table, left_out))
