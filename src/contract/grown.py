"""a data package and rows that outcomes add to it -> its files on the disk and in DVC's cache, its YAML at the end

Git ignores the rows before they are there. Whoever is killed in between leaves the package as it was; the next one
writes the rows again.
"""

import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import pandas as pd

from src.contract.amended import amended
from src.contract.fields import ContractError
from src.contract.joined import read_ids, without_joined, written_ids
from src.contract.joining import Joining
from src.contract.package import Package, read_package
from src.contract.published import fetch, seals, verify
from src.contract.table_file import name_like
from src.contract.text import read_text
from src.errors import LastroError
from src.files import read_yaml, sha256_of, write_bytes

STEM = "outcomes"
IDS = f"{STEM}.predictions.csv"
Rows = set[tuple[str, ...]]


class Grown(NamedTuple):
    """A data set as it is: its package, its own files, and the text of the rows that outcomes have added.

    `former` has their predictions' identifiers for its index. It is None where there are none, or where the files are
    not those that the package names: somebody was killed in between.
    """

    path: Path
    package: Package
    own: list[Path]
    former: pd.DataFrame | None

    @property
    def name(self) -> str:
        """Return the name of the file of the rows."""
        return self.package.resource.path[-1] if self.package.resource.outcomes else name_like(self.own[0].name, STEM)

    @property
    def places(self) -> list[Path]:
        """Return where the rows lie, and where their predictions are named."""
        return [self.path.with_name(self.name), self.path.with_name(IDS)]


def read_grown(path: Path) -> Grown:
    """Read a data set; what Git does not hold of it is downloaded, or pulled by DVC. Raises LastroError."""
    package = read_package(path)
    grown = Grown(path, package, fetch(without_joined(package), path.parent), None)
    joined = package.resource.outcomes
    if joined is None:
        refuse_others(grown)
        return grown
    bring(grown.places)
    try:
        verify([*grown.own, grown.places[0]], package)
        ids = read_ids(grown.places[1], joined.hash)
    except ContractError:
        return grown
    text = read_text(grown.places[:1], package.resource, [column.name for column in package.columns])
    return grown._replace(former=text.set_axis(ids))


def bring(places: Sequence[Path]) -> None:
    """Let DVC bring files that are not there, from its cache or else from its remote. Raises LastroError."""
    for command in ("checkout", "pull"):
        if all(place.is_file() for place in places):
            return
        try:
            dvc(command, [place.with_name(f"{place.name}.dvc") for place in places])
        except LastroError:
            if command == "pull":
                raise


def refuse_others(grown: Grown) -> None:
    """Raise ContractError where a file of that name is somebody else's."""
    rows, ids = grown.places
    if grown.name in grown.package.resource.path or (rows.is_file() and not ids.is_file()):
        raise ContractError(f"{rows}: is there, and not of a refresh: give that file another name")


def rows_of(text: pd.DataFrame | None) -> Rows:
    """Return the rows of a table of text with their identifiers."""
    return set() if text is None else set(text.fillna("").itertuples(index=True, name=None))


def write_grown(grown: Grown, new: Joining, test_from: str | None) -> None:
    """Write the rows, give them to DVC, name them in the package; raises LastroError, and the package is as it was."""
    text = grown_package(grown, new, test_from)
    (rows, _), folder = grown.places, grown.path.parent
    if not Path(".dvc").is_dir():
        raise LastroError(f"{rows}: DVC is to track it, and there is no .dvc here: run this in the project's folder")
    ignore(folder / ".gitignore", [place.name for place in grown.places])
    for place, content in zip(reversed(grown.places), (written_ids(new.ids), new.content), strict=True):
        write_bytes(place, content)
    dvc("add", grown.places)
    write_bytes(grown.path, text.encode())


def grown_package(grown: Grown, new: Joining, test_from: str | None) -> str:
    """Return the package's YAML with the rows in it; raises LastroError where that would change anything else."""
    before, resource = grown.path.read_bytes().decode(), grown.package.resource
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder) / grown.name
        place.write_bytes(new.content)
        seal = seals([*grown.own, place], resource)[0]
        own = [*resource.path[:-1]] if resource.outcomes else [*resource.path]
        without = resource.outcomes.without if resource.outcomes else resource.hash
        day = {} if test_from is None else {"test_from": test_from}
        joined = {"predictions": IDS, "hash": f"sha256:{sha256_of(written_ids(new.ids))}", "without": without, **day}
        size = {} if resource.bytes is None else {"bytes": seal.bytes}
        changes = {"path": [*own, grown.name], "outcomes": joined, "hash": seal.hash, **size}
        text = amended(before, changes)
        refuse_other_changes(grown.path, text, changes, Path(folder))
    return text


def refuse_other_changes(path: Path, text: str, changes: dict[str, Any], folder: Path) -> None:
    """Raise LastroError where a package's new YAML says anything else than the old one with these changes."""
    new = folder / path.name
    new.write_text(text, encoding="utf-8", newline="")
    wanted = read_yaml(path)
    wanted["resources"][0] |= changes
    if read_yaml(new) != wanted:
        said = ", ".join(f"{name}: {value}" for name, value in changes.items())
        raise LastroError(f"{path}: cannot be written without changing more than this; write it by hand: {said}")


def ignore(path: Path, names: Sequence[str]) -> None:
    """Let Git ignore files of a folder, by a line each of its `.gitignore`."""
    lines = path.read_text(encoding="utf-8").splitlines() if path.is_file() else []
    if new := [f"/{name}" for name in names if f"/{name}" not in lines]:
        write_bytes(path, "".join(f"{line}\n" for line in (*lines, *new)).encode())


def dvc(command: str, files: Sequence[Path]) -> None:
    """Run a command of DVC on files; raises LastroError with the last that it says."""
    done = subprocess.run(  # noqa: S603 (the project's own program on the project's own files)
        [sys.executable, "-m", "dvc", command, *map(str, files)], capture_output=True, text=True, check=False
    )
    if done.returncode:
        said = " ".join((done.stderr or done.stdout).split()) or f"exit code {done.returncode}"
        raise LastroError(f"dvc {command} {' '.join(map(str, files))}: {said.removeprefix('ERROR: ')}")
