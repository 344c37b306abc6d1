"""The command as a user gives it, on rows of the data set in many small files, each of which is a part"""

import os
import subprocess
import sys
from pathlib import Path

from src.files import digest
from tests.conftest import ROOT

ROWS = 960


def split(folder: Path, count: int) -> Path:
    """Write the rows as so many files."""
    folder.mkdir()
    lines = (ROOT / "data/external/german_credit/german.data").read_text().splitlines(keepends=True)[:ROWS]
    for number in range(count):
        (folder / f"may-{number:02}.csv").write_text("".join(lines[number::count]))
    return folder


def batch(folder: Path, output: str, *options: str, root: Path = ROOT, **env: str) -> subprocess.Popen[bytes]:
    """Start `python -m src.batch` on folder/in, with the committed model and a log of its own."""
    command = [sys.executable, "-m", "src.batch", str(folder / "in"), str(folder / output), "--models", "models"]
    with (folder / f"{output}.said").open("ab") as said:
        env = os.environ | {"LASTRO_STATE": str(folder / f"{output}.state"), **env}
        return subprocess.Popen([*command, *options], cwd=root, env=env, stdout=said, stderr=said)


def files(folder: Path) -> dict[str, str]:
    """Return the sha256 of every file of an output."""
    return {str(path.relative_to(folder)): digest(path) for path in folder.rglob("*") if path.is_file()}
