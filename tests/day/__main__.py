"""`python -m tests.day [--keep FOLDER]`: a newcomer's day in an empty folder, each step with its time

Exit code 0: everything happened that the documents promise; 1: something did not, and the last line says what.
"""

import argparse
import shutil
import sys
import tempfile
import time
from pathlib import Path

from tests.day.day import Day, free_ports
from tests.day.steps import STEPS, stop


def main() -> None:
    """Take the steps in their order; services are stopped whatever happens."""
    parser = argparse.ArgumentParser(prog="python -m tests.day", description=__doc__)
    parser.add_argument("--keep", type=Path, metavar="FOLDER", help="where the clone stays; it must not be there yet")
    kept = parser.parse_args().keep
    folder = kept.resolve() if kept else Path(tempfile.mkdtemp(prefix="lastro-day-"))
    folder.mkdir(parents=True, exist_ok=not kept)
    walked(Day(folder, free_ports()))
    if not kept:
        shutil.rmtree(folder, ignore_errors=True)


def walked(day: Day) -> None:
    """Take the steps; the services of one that failed are stopped too."""
    begun = time.monotonic()
    try:
        for step in STEPS:
            before, name = time.monotonic(), step.__name__.replace("_", " ")
            said = step(day)
            say(f"{time.monotonic() - before:7.1f} s  {name}{f': {said}' if said else ''}")
    except BaseException:
        say(f"not as told: {name}")
        stop(day)
        raise
    say(f"{time.monotonic() - begun:7.1f} s  the whole day")


def say(line: str) -> None:
    """Print a line at once."""
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
