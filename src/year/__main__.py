"""`python -m src.year [--keep FOLDER]`: a simulated year of a lender, in a clone of this checkout, by the real commands

Exit code 0: all that is promised has happened; 1: something has not, and the last line says what.
"""

import argparse
import subprocess
import sys
import tempfile
from pathlib import Path

from src.errors import LastroError, run
from src.journal.settings import ROOT
from src.year.project import cloned
from src.year.settings import variables


def main() -> None:
    """Clone the checkout and play the year there; end with that play's exit code."""
    parser = argparse.ArgumentParser(prog="python -m src.year", description=__doc__)
    parser.add_argument("--keep", type=Path, metavar="FOLDER", help="where the clone stays; it must not be there yet")
    kept = parser.parse_args().keep
    if kept is not None:
        if kept.exists():
            raise LastroError(f"--keep: {kept} is there already; name a folder that is not")
        sys.exit(played(kept.resolve()))
    with tempfile.TemporaryDirectory(prefix="lastro-year-") as folder:
        code = played(Path(folder))
    sys.exit(code)


def played(folder: Path) -> int:
    """Return the exit code of the year that is played in a folder."""
    project = cloned(ROOT, folder)
    done = subprocess.run([sys.executable, "-m", "src.year.play"], cwd=project.root, env=variables(), check=False)
    return done.returncode


if __name__ == "__main__":
    run(main)
