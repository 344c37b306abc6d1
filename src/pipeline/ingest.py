"""data/external/<set>/{datapackage.yaml, its files} -> data/raw/applications.parquet, reports/ingest.json"""

import logging
from pathlib import Path

import pandas as pd

from src.contract.joined import excused, require, with_predictions
from src.contract.origin import ids_of
from src.contract.package import Package, read_package
from src.contract.published import fetch
from src.contract.rows import with_outcome, within_bounds
from src.contract.table import check_table, merge, refuse, type_table, write_table
from src.contract.text import read_text
from src.errors import run
from src.files import write_json
from src.model.kinds import KINDS
from src.params import read_params

PARAMS = Path("params.yaml")
APPLICATIONS = Path("data/raw/applications.parquet")
INGESTED = Path("reports/ingest.json")

log = logging.getLogger(__name__)


def applications(table: pd.DataFrame, package: Package) -> tuple[pd.DataFrame, dict[str, object]]:
    """Return the typed table's rows and values that count, and how many do not; each is said in a line, too."""
    table, others = with_outcome(table, package)
    if others:
        shown = ", ".join(f"{value!r} {count}" for value, count in others.items())
        log.info("%s: %d row(s) left out, neither bad nor good: %s", package.target.name, sum(others.values()), shown)
    duplicates = int(table.duplicated().sum())
    if duplicates:
        log.info("%d row(s) repeat an earlier one in every field; they are kept", duplicates)
    table, outside = within_bounds(table, package)
    for name, count in outside.items():
        if count:
            log.info("%s: %d value(s) out of bounds count as missing", name, count)
    counts: dict[str, object] = {"rows": len(table), "left_out": sum(others.values()), "duplicates": duplicates}
    joined = {"joined": len(ids)} if (ids := ids_of(table)) else {}
    return table, counts | {"out_of_bounds": outside} | joined


def main() -> None:
    """Read the dataset that params.yaml names."""
    dataset = Path(read_params(PARAMS, KINDS).dataset)
    package = read_package(dataset)
    require(package, dataset.parent)
    files = fetch(package, dataset.parent)
    text = read_text(files, package.resource, [column.name for column in package.columns])
    text = with_predictions(text, package, dataset.parent)
    table, untyped = type_table(text, package)
    if untyped:
        refuse(excused(merge(untyped, check_table(table, package)), table, package), table)
    table, counts = applications(table, package)
    write_table(APPLICATIONS, table)
    write_json(INGESTED, counts)


if __name__ == "__main__":
    run(main)
