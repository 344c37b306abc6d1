"""the data package of params.yaml + a table that was joined -> the same package beside that table"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from src.contract.amended import amended
from src.contract.grown import ignore
from src.contract.package import read_package
from src.errors import LastroError
from src.feature_store.joining import TABLE
from src.files import digest, read_yaml, write_bytes

PACKAGE = "datapackage.yaml"
WRITTEN = ("dialect", "compression", "innerpath", "footerRows", "encoding", "outcomes", "sources")  # of another file


def refuse_others(output: Path) -> None:
    """Raise LastroError where a data package is there that no join has written."""
    path = output / PACKAGE
    if path.exists() and read_package(path).resource.path != [TABLE]:
        raise LastroError(f"{path}: is there, and of another file than {TABLE}: name another folder")


def write_package(source: Path, output: Path, absent: Sequence[str] = ()) -> None:
    """Write the package of a table that lies in the folder, without the fields that are `absent` in it.

    Git ignores the table. Raises LastroError.
    """
    table = output / TABLE
    ignore(output / ".gitignore", [TABLE])
    changes: dict[str, Any] = {
        "path": TABLE,
        "format": "parquet",
        "mediatype": "application/vnd.apache.parquet",
        "bytes": table.stat().st_size,
        "hash": f"sha256:{digest(table)}",
    }
    text = amended(source.read_bytes().decode(), changes, WRITTEN, absent)
    write_bytes(output / PACKAGE, text.encode())
    wanted = read_yaml(source)["resources"][0]
    kept = {name: value for name, value in wanted.items() if name not in WRITTEN} | changes
    kept["schema"]["fields"] = [field for field in wanted["schema"]["fields"] if field["name"] not in absent]
    if read_yaml(output / PACKAGE)["resources"][0] != kept:
        (output / PACKAGE).unlink()
        raise LastroError(f"{source}: cannot be copied without changing more than its file")
    read_package(output / PACKAGE)
