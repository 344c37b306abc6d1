"""files of applicants -> files of scores: `python -m src.batch INPUT OUTPUT`

INPUT is a file, a folder or a pattern, local or s3://, CSV or Parquet, packed (gz, zip) or not. OUTPUT is a folder: a
Parquet file a part, rejected/ with the rows that break the contract, and manifest.json, written last. Exit code: 0 all
scored, 1 some rejected, 2 refused, with nothing new, 130 interrupted: the same command goes on. A scheduler may take a
run in steps, which leave the same bytes: `--parts`, then `--only PART` for each, then `--manifest`; 0 is then: done.
"""

import argparse
import re
import sys
from pathlib import Path

from src.batch import cluster
from src.batch.command import Asked, score_files
from src.batch.models import CHAMPION
from src.batch.steps import take
from src.command_line import count
from src.errors import code_of, run
from src.serving.delivered import NUMBER

INTERRUPTED = 130


def version(text: str) -> str:
    """Return which model is asked for; raises argparse's error for a text that names none."""
    if re.fullmatch(f"{CHAMPION}|{NUMBER}", text):
        return text
    raise argparse.ArgumentTypeError(f"{text!r} is neither champion nor a version's number")


def asked() -> Asked:
    """Return what the command line says."""
    parser = argparse.ArgumentParser(prog="python -m src.batch", description=__doc__)
    parser.add_argument("input", metavar="INPUT", help="file, folder or pattern, local or s3://")
    parser.add_argument("output", metavar="OUTPUT", help="folder, local or s3://")
    which = parser.add_mutually_exclusive_group()
    which.add_argument("--model", type=version, default=CHAMPION, metavar="champion|N", help="a version of the chain")
    which.add_argument("--models", type=Path, metavar="FOLDER", help="a delivered folder instead, as models/")
    parser.add_argument("--reasons", action="store_true", help="of those who are declined, as the API gives them")
    parser.add_argument("--strict", action="store_true", help="write nothing where a row breaks the contract")
    parser.add_argument("--overwrite", action="store_true", help="replace another run in OUTPUT")
    parser.add_argument("--workers", type=count, default=1, metavar="N", help="processes of this machine")
    parser.add_argument("--scheduler", metavar="ADDRESS", help="of a Dask cluster: tls://…, or tcp:// on this machine")
    step = parser.add_mutually_exclusive_group()
    step.add_argument("--parts", dest="step", action="store_const", const="parts",
                      help="begin a run and print its parts, as JSON in a line, each with its version")  # fmt: skip
    step.add_argument("--only", metavar="PART", help="score one part of a run that has begun")
    step.add_argument("--manifest", dest="step", action="store_const", const="manifest",
                      help="end a run all of whose parts are there")  # fmt: skip
    found = Asked(**vars(parser.parse_args()))
    if (found.step or found.only) and (found.strict or found.scheduler or found.workers > 1):
        parser.error("--strict, --workers and --scheduler are of a whole run, not of a step")
    if (found.only or found.step == "manifest") and found.overwrite:
        parser.error("--overwrite: where a run begins, not with --only or --manifest")
    return found


def scored(found: Asked) -> int:
    """Score what is asked for, or take a step of it; return the exit code."""
    if found.step or found.only:
        return take(found)
    if found.scheduler:
        cluster.verify(found.scheduler)
    return score_files(found)


def main() -> None:
    """Score what the command line asks for."""
    found = asked()
    try:
        sys.exit(code_of(lambda: scored(found)))
    except KeyboardInterrupt:
        sys.stderr.write("interrupted: the same command goes on where it was\n")
        sys.exit(INTERRUPTED)


if __name__ == "__main__":
    run(main)
