"""data/features/*.parquet, each of them DVC's -> the deliveries of features: (id, event_time, known_at, features)"""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

import pyarrow as arrow
from pyarrow.parquet import ParquetFile, write_table

from src.contract.fields import ContractError
from src.contract.grown import bring, dvc, ignore
from src.contract.package import Package as DataPackage
from src.contract.package import read_package
from src.errors import LastroError
from src.feature_store.table import Package
from src.files import digest, read_yaml, replacing
from src.params import read_params

FOLDER = Path("data/features")
PARAMS = Path("params.yaml")
ID, EVENT_TIME, KNOWN_AT = KEYS = ("id", "event_time", "known_at")
PACKAGE, FIELDS = b"lastro.package", b"lastro.fields"
MOMENT = arrow.timestamp("us", "UTC")
GROUP = 50_000  # rows of a part that is read or written at a time
LONGEST = 256  # characters of an applicant's id


class Delivery(NamedTuple):
    """A file of features, and the md5 by which DVC has it."""

    path: Path
    md5: str

    def rows(self) -> int:
        """Return how many rows it has, from its foot alone."""
        return int(ParquetFile(self.path).metadata.num_rows)


def deliveries() -> list[Delivery]:
    """Return what has been added, by name; a file that is not DVC's is none. Raises LastroError."""
    found = []
    for place in sorted(FOLDER.glob("*.parquet.dvc")):
        try:
            found.append(Delivery(place.with_suffix(""), str(read_yaml(place)["outs"][0]["md5"])))
        except (KeyError, IndexError, TypeError):
            raise LastroError(f"{place}: names no md5: it is no file of DVC's") from None
    return found


def present(delivery: Delivery) -> Delivery:
    """Return a delivery whose file is there, from DVC's cache or remote if need be, and is the one that DVC names."""
    bring([delivery.path])
    if digest(delivery.path, "md5") != delivery.md5:
        raise LastroError(f"{delivery.path}: is not the file that {delivery.path}.dvc names: `dvc checkout` it")
    return delivery


def data_package() -> DataPackage:
    """Return the data package of params.yaml; raises LastroError."""
    return read_package(Path(read_params(PARAMS).dataset))


def package_of(package: DataPackage) -> Package:
    """Return what is kept of a data package beside its rows."""
    return Package(package.name, {column.name: column.kind for column in package.features})


def package_in(path: Path) -> Package:
    """Return the package by which a delivery was checked; raises ContractError where the file does not say."""
    found = ParquetFile(path).schema_arrow.metadata or {}
    if PACKAGE not in found or FIELDS not in found:
        raise ContractError(f"{path}: is no delivery of features")
    return Package(found[PACKAGE].decode(), json.loads(found[FIELDS]))


def write(table: arrow.Table, package: Package, path: Path) -> None:
    """Write a delivery's rows by id and time, whole or not at all; the same rows are the same bytes."""
    ordered = table.sort_by([(name, "ascending") for name in KEYS])
    metadata = {PACKAGE: package.name.encode(), FIELDS: package.text().encode()}
    with replacing(path) as temporary:
        write_table(ordered.replace_schema_metadata(metadata), temporary, row_group_size=GROUP, compression="zstd")


def give_to_dvc(path: Path) -> None:
    """Let DVC track a file of the folder, and Git ignore it; raises LastroError."""
    if not Path(".dvc").is_dir():
        raise LastroError(f"{path}: DVC is to track it, and there is no .dvc here: run this in the project's folder")
    ignore(path.parent / ".gitignore", [path.name])
    dvc("add", [path])


def moment_of(text: str) -> datetime | None:
    """Return the moment that an ISO date or time names, in UTC where it has no zone; None where it names none.

    >>> moment_of("2026-01-31"), moment_of("amount")
    (datetime.datetime(2026, 1, 31, 0, 0, tzinfo=datetime.timezone.utc), None)
    """
    try:
        found = datetime.fromisoformat(text.strip())
    except ValueError:
        return None
    return found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)
