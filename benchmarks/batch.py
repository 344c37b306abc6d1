"""Files of any size: rows a CPU second of `python -m src.batch`, beside pandas and scikit-learn on the same file.

Each candidate is fitted on the training split; its applicants are rows of the data set, some of whose values are other
rows', in the file's codes. A rate is of one process, its first part left out (imports, the model): reading, checking,
scoring, counting for monitoring and writing. `whole` is the command itself, with its start, and its largest process.
pandas reads the same file, labels it, asks scikit-learn and writes; of `--beside` rows, since forests take long there.
"""

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd
import pyarrow as arrow
from pyarrow.csv import write_csv
from pyarrow.parquet import ParquetWriter

from benchmarks._models import CHANGED, applicants, fitted
from src.batch.parts import Done, work
from src.batch.planning import job_of, project_package, tasks_of
from src.batch.run import Origin
from src.contract.written import writer_of
from src.model.artifact import load_model
from src.model.points import decide, points

ROOT = Path(__file__).resolve().parents[1]
TARGETS = {"scorecard": 1.2, "boosting": 0.15, "blend": 0.04}  # million rows a CPU second
KNOWN = 20_000  # different applicants, of which the file's rows are made
GROUP = 500_000
MILLION = 1e6


class Rate(NamedTuple):
    """Million rows a CPU second, and the most MiB of a process."""

    rate: float
    mib: float


def known() -> pd.DataFrame:
    """Applicants in the file's codes."""
    package, table = project_package(), applicants(KNOWN, seed=9)
    found = {}
    for column in package.columns:
        if column.name in table:
            write = writer_of(column, package)
            found[column.name] = table[column.name].map({value: write(value) for value in table[column.name].unique()})
    return pd.DataFrame(found)


def groups(rows: int) -> Iterator[arrow.Table]:
    """Yield applicants, some of whose values are another's, as many as are asked for."""
    random = np.random.default_rng(12)
    columns = {name: arrow.array(values.tolist()).dictionary_encode() for name, values in known().items()}
    for first in range(0, rows, GROUP):
        count = min(GROUP, rows - first)
        own = random.integers(KNOWN, size=count)
        taken = {}
        for name, column in columns.items():
            place = np.where(random.random(count) < CHANGED, random.integers(KNOWN, size=count), own)
            taken[name] = column.take(arrow.array(place))
        yield arrow.table(taken)


def write_files(folder: Path, rows: int) -> dict[str, Path]:
    """Write the rows as Parquet and as CSV."""
    paths = {"Parquet": folder / "rows.parquet", "CSV": folder / "rows.csv"}
    parts = groups(rows)
    first = next(parts)
    texts = arrow.schema([(name, arrow.string()) for name in first.column_names])
    with ParquetWriter(paths["Parquet"], texts) as parquet, paths["CSV"].open("wb") as csv:
        csv.write(f"{','.join(first.column_names)}\n".encode())
        for part in (first, *parts):
            parquet.write_table(part.cast(texts))
            plain = arrow.csv.WriteOptions(include_header=False, quoting_style="none")
            write_csv(part.cast(texts), csv, plain)
    return paths


def steady(path: Path, models: Path, output: Path) -> float:
    """Return million rows a CPU second of this process, without its first part."""
    job = job_of(str(path), str(output), models, Origin(None, None), reasons=False)
    tasks = [task for _, task in tasks_of(job)]
    work(tasks[0])
    before = time.process_time()
    done: list[Done] = [work(task) for task in tasks[1:] or tasks]
    return sum(one.rows for one in done) / (time.process_time() - before) / MILLION


def whole(path: Path, models: Path, output: Path) -> Rate:
    """Return what the command itself takes, with its start."""
    rows = sum(1 for _ in path.open("rb")) - 1 if path.suffix == ".csv" else arrow.parquet.read_metadata(path).num_rows
    command = [sys.executable, "-m", "src.batch", str(path), str(output), "--models", str(models)]
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(command, cwd=ROOT, env=os.environ | {"LASTRO_STATE": str(output) + ".state"}, check=True,
                   stderr=subprocess.DEVNULL)  # fmt: skip
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    assert json.loads((output / "manifest.json").read_bytes())["rows"] == rows
    return Rate(rows / cpu / MILLION, after.ru_maxrss / 1024)


def beside(path: Path, models: Path, output: Path, rows: int) -> float:
    """Return million rows a CPU second of pandas and scikit-learn: the same file, labelled, scored and written."""
    card, model = load_model(models)
    before = time.process_time()
    table = pd.read_parquet(path).head(rows)
    for feature in card.features:
        if feature.categories:
            table[feature.name] = table[feature.name].map(feature.codes)
        else:
            table[feature.name] = pd.to_numeric(table[feature.name]).astype("Int64")
    pd_of = model.predict_proba(table)[:, 1]
    table = pd.DataFrame({"probability_of_default": pd_of})
    table["score"] = [points(one, card.scale) for one in pd_of.tolist()]
    table["decision"] = [decide(one, card.threshold) for one in pd_of.tolist()]
    table.to_parquet(output)
    return len(table) / (time.process_time() - before) / MILLION


def main() -> None:
    """Print a line a candidate and kind of file."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--beside", type=int, default=50_000, help="rows for pandas and scikit-learn")
    parser.add_argument("--folder", type=Path, help="for the files, which are removed; the system's by default")
    parser.add_argument("candidates", nargs="*", default=list(TARGETS))
    asked = parser.parse_args()
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    with tempfile.TemporaryDirectory(dir=asked.folder) as made:
        folder = Path(made)
        paths = write_files(folder, asked.rows)
        print(f"{asked.rows} rows; million rows a CPU second, contract checked")
        print(f"{'candidate':<12}{'file':<10}{'rate':>8}{'target':>8}{'whole':>8}{'MiB':>7}{'pandas':>9}{'times':>7}")
        for candidate in fitted(folder, asked.candidates):
            plainly = beside(paths["Parquet"], candidate.served, folder / "beside.parquet", asked.beside)
            for kind, path in paths.items():
                rate = steady(path, candidate.served, folder / f"{candidate.name}-{kind}-steady")
                all_of_it = whole(path, candidate.served, folder / f"{candidate.name}-{kind}")
                target = TARGETS.get(candidate.name)
                print(
                    f"{candidate.name:<12}{kind:<10}{rate:>8.3f}{target or '':>8}{all_of_it.rate:>8.3f}"
                    f"{all_of_it.mib:>7.0f}{plainly:>9.4f}{rate / plainly:>7.1f}"
                )


if __name__ == "__main__":
    main()
