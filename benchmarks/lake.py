"""What a sync costs: a million published rows to bronze and silver from Parquet, a million predictions from the log.

By processor time, in a folder of this machine; the rows are those of German Credit, a thousand times, and a year of
applications in SQLite. Then a question of each.
"""

import argparse
import resource
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow as arrow
from pyarrow.parquet import read_table, write_table

from benchmarks.monitoring import fill
from src.contract.package import Package, read_package
from src.contract.published import places_of
from src.contract.text import read_text
from src.journal.database import connect_engine, migrate
from src.journal.identifiers import first_id
from src.journal.tables import Entry
from src.lake import bronze, silver
from src.lake.catalog import BRONZE, SILVER, open_catalog
from src.lake.predictions import sync_predictions
from src.lake.query import answer
from src.lake.settings import Settings
from src.lake.whole import Source, put
from src.lineage.folder import Folder

ROOT = Path(__file__).resolve().parents[1]
DATASET = ROOT / "data/external/german_credit/datapackage.yaml"
PART = 20_000


def spent(do: Callable[[], Any]) -> tuple[float, Any]:
    """Return the seconds of processor time that something takes, and what it returns."""
    start = time.process_time()
    found = do()
    return time.process_time() - start, found


def print_line(what: str, found: str, wanted: str = "") -> None:
    """Print a line of the table."""
    print(f"{what:62} {found:>24}   {wanted}", flush=True)


def published(folder: Path, rows: int) -> tuple[Package, Path]:
    """Write the published rows as one Parquet file, so many; return its package and the file."""
    package = read_package(DATASET)
    names = [column.name for column in package.columns]
    text = read_text(places_of(package, DATASET.parent), package.resource, names)
    table = arrow.Table.from_pandas(text, preserve_index=False).replace_schema_metadata(None)
    file = folder / "german.parquet"
    write_table(arrow.concat_tables([table] * (rows // len(text))).combine_chunks(), file)
    changes = {"path": [file.name], "format": "parquet", "mediatype": None}
    resource = package.resource.model_copy(update=changes | {"dialect": type(package.resource.dialect)()})
    return package.model_copy(update={"resources": [resource]}), file


def typed(folder: Path, rows: int) -> Path:
    """Write the typed rows as one Parquet file, so many."""
    table = read_table(ROOT / "data/raw/applications.parquet")
    file = folder / "applications.parquet"
    write_table(arrow.concat_tables([table] * (rows // len(table))).combine_chunks(), file)
    return file


def entries(rows: int, texts: list[str]) -> Any:
    """Yield rows of a year's log in parts."""
    start = datetime(2025, 1, 1, tzinfo=UTC)
    reasons = '[{"feature": "checking_status", "title": "Checking account", "value": "below 0 DM", "points": -36}]'
    for first in range(0, rows, PART):
        part = []
        for number in range(first, min(rows, first + PART)):
            moment = start + timedelta(days=365) * number / rows
            name = f"{first_id(moment)[:-12]}{number:012x}"
            values = ["a" * 64, "1", texts[number % len(texts)], 0.1, 600, "approve", reasons]
            part.append(["web", name, moment, *values, 1 / 6, "{}", "application", "b" * 64, "c" * 40, None, "service"])
        assert len(part[0]) == len(Entry._fields)
        yield part


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=1_000_000)
    rows = parser.parse_args().rows
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        place = Folder(folder / "remote")
        place.set_up()
        catalog = open_catalog(Settings(_env_file=None, state=folder / "state"), place)
        package, file = published(folder, rows)
        raw = typed(folder, rows)
        whole = Source("1", lambda: bronze.rows_of(package, [file], folder))
        first, _ = spent(lambda: put(catalog, BRONZE, [whole], bronze.SCHEMA))
        kept = Source("1", lambda: silver.silver_of(read_table(raw), set()))
        second, _ = spent(lambda: put(catalog, SILVER, [kept], silver.SCHEMA))
        print_line(f"{rows:,} rows to bronze, from Parquet", f"{first:.2f} s CPU")
        print_line(f"{rows:,} rows to silver", f"{second:.2f} s CPU")
        print_line("both", f"{first + second:.2f} s CPU", "<= 5 s")
        log = connect_engine(f"sqlite:///{folder}/journal.db", 30.0)
        (folder / "journal.db").touch()
        migrate(log, folder / "journal.db")
        texts = [str(row).replace("'", '"') for row in read_table(ROOT / "data/raw/applications.parquet").to_pylist()]
        fill(log, entries(rows, texts))
        third, added = spent(lambda: sync_predictions(catalog, log, inputs=True))
        print_line(f"{added:,} predictions of a year, from SQLite", f"{third:.2f} s CPU", "<= 25 s")
        idle, _ = spent(lambda: sync_predictions(catalog, log, inputs=True))
        print_line("a sync that finds nothing", f"{idle:.2f} s CPU")
        asked = "SELECT day, count(*), avg(probability_of_default) FROM gold.predictions GROUP BY 1"
        fourth, days = spent(lambda: sum(len(part) for part in answer(catalog, asked).rows))
        print_line(f"a mean a day, of {days} days", f"{fourth:.2f} s CPU")
        log.dispose()
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print_line("largest memory", f"{peak:,.0f} MiB")


if __name__ == "__main__":
    main()
