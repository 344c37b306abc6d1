"""the data package that params.yaml names, its files -> table bronze.applications: the published rows as text

Beside the fields stand `_file`, `_line`, `_file_sha256`, and `_prediction_id` of rows that outcomes of predictions have
added (src/contract/joined.py).
"""

import json
from collections.abc import Iterator, Set
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as arrow
import pyarrow.compute as compute

from src.contract.joined import require, with_predictions
from src.contract.origin import Run, ids_of
from src.contract.package import Package, read_package
from src.contract.published import fetch
from src.contract.text import read_text
from src.files import digest
from src.lake.columns import plain
from src.lake.whole import Source
from src.lineage.lock import DATA, LOCK, read_lock
from src.model.kinds import KINDS
from src.params import read_params

PARAMS = "params.yaml"
FILE, LINE, HASH, PREDICTION = "_file", "_line", "_file_sha256", "_prediction_id"
SCHEMA = arrow.schema(
    [(FILE, arrow.string()), (LINE, arrow.int64()), (HASH, arrow.string()), (PREDICTION, arrow.string())]
)


def published(root: Path, left_out: Set[str]) -> Source | None:
    """Return the published rows of the project in `root`, named by their files' hash; None where there is no project.

    Rows of predictions that are to be `left_out` are not among them. Raises ContractError where a file is not the one
    that the package names.
    """
    if not (root / PARAMS).is_file():
        return None
    dataset = root / read_params(root / PARAMS, KINDS).dataset
    package = read_package(dataset)
    require(package, dataset.parent)
    files = fetch(package, dataset.parent)
    return Source(str(package.resource.hash), lambda: without(rows_of(package, files, dataset.parent), left_out))


def rows_of(package: Package, files: list[Path], folder: Path) -> arrow.Table:
    """Return the rows of files as text, each with where it stands."""
    text = read_text(files, package.resource, [column.name for column in package.columns])
    text = with_predictions(text, package, folder)
    table = arrow.Table.from_pandas(text, preserve_index=False)
    for name, column in origins(text, {path.name: digest(path) for path in files}):
        table = table.append_column(name, column)
    return plain(table)


def without(table: arrow.Table, left_out: Set[str]) -> arrow.Table:
    """Return a table without the rows of some predictions."""
    if not left_out:
        return table
    gone = compute.is_in(table.column(PREDICTION), arrow.array(sorted(left_out), arrow.string()))
    return table.filter(compute.invert(gone))


def origins(text: pd.DataFrame, hashes: dict[str, str]) -> Iterator[tuple[str, arrow.Array]]:
    """Yield the columns that say of each row in which file it stands, on which line, and which prediction it was."""
    runs: list[Run] = json.loads(text.attrs["files"])
    counts = np.array([count for _, count, _ in runs])
    names = np.repeat(np.arange(len(runs), dtype=np.int32), counts)
    yield FILE, arrow.DictionaryArray.from_arrays(names, [name for name, _, _ in runs])
    lines = [np.arange(first, first + count) for _, count, first in runs]
    yield LINE, arrow.array(np.concatenate(lines), arrow.int64())
    yield HASH, arrow.DictionaryArray.from_arrays(names, [hashes[name] for name, _, _ in runs])
    ids = ids_of(text)
    yield PREDICTION, predictions(ids, len(text))


def predictions(ids: list[str], rows: int) -> arrow.Array:
    """Return which prediction each row was; the last ones were some."""
    return arrow.concat_arrays([arrow.nulls(rows - len(ids), arrow.string()), arrow.array(ids, arrow.string())])


def ingested(root: Path) -> str | None:
    """Return the md5 of the typed rows that `ingest` made of what lies here; None where dvc.lock is older than that."""
    if not (root / LOCK).is_file():
        return None
    lock = read_lock(root)
    dataset = Path(read_params(root / PARAMS, KINDS).dataset)
    made_of = {dep["path"]: dep["md5"] for dep in lock.stages.get("ingest", {}).get("deps", ())}
    same = made_of.get(str(dataset)) == digest(root / dataset, "md5")
    return lock.output(DATA)[0] if same else None
