"""What leaves the log: `python -m src.journal forget --applicant ID | --prediction ID`, `archive --before T`

Each command says in `--help` what it does and what its exit codes mean; an error is one sentence on stderr, exit 2.
"""

import sys
from argparse import ArgumentParser, Namespace
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from src.command_line import MOMENT, dispatch, moment
from src.errors import LastroError, run

DONE, CANNOT = 0, 2


def add_forget(commands: Any) -> None:
    """Add `forget`."""
    about = (
        "blank what the log, its archives, the feature tables and the lake hold of an applicant, and list what still"
        " does with the command for each; what was answered, by which model, and what was counted stays."
        " Exit code: 0 done, or told what would be | 2 nothing is known of them, or it could not be done: the same"
        " command goes on"
    )
    parser: ArgumentParser = commands.add_parser("forget", help="forget an applicant", description=about)
    which = parser.add_mutually_exclusive_group(required=True)
    which.add_argument("--applicant", metavar="ID", help="all that was predicted by this number, and its features")
    which.add_argument("--prediction", type=UUID, metavar="ID", help="one prediction")
    parser.add_argument("--dry-run", action="store_true", help="say what would be done, and change nothing")
    parser.set_defaults(command=_forget)


def add_archive(commands: Any) -> None:
    """Add `archive`."""
    about = (
        "move predictions made before a moment to Parquet objects in the place of DVC's objects, verified before they"
        " leave the log. Exit code: 0 done | 2 nothing to move, or it could not be done: the same command goes on"
    )
    parser: ArgumentParser = commands.add_parser("archive", help="move old predictions out", description=about)
    parser.add_argument("--before", type=moment, required=True, metavar="T", help=f"{MOMENT}, and maturity_days ago")
    space = "give a SQLite file's free space back at once: it is written anew, and others wait"
    parser.add_argument("--vacuum", action="store_true", help=space)
    parser.set_defaults(command=_archive)


def _forget(asked: Namespace) -> int:
    from src.forgetting.desk import opened
    from src.forgetting.forget import forget
    from src.forgetting.whom import Whom

    if asked.applicant is not None and not asked.applicant.strip():
        raise LastroError("--applicant: is empty; it is an applicant's number")
    whom = Whom(asked.applicant, None if asked.prediction is None else str(asked.prediction))
    with opened() as desk:
        report = forget(desk, whom, datetime.now(UTC), dry_run=asked.dry_run)
    say("would be done, nothing is changed yet:" if asked.dry_run else "done:", report.done)
    say("what is not changed here, and the command for each:", report.left)
    return DONE


def _archive(asked: Namespace) -> int:
    from src.forgetting.archive import archive
    from src.forgetting.desk import opened

    with opened() as desk:
        found = archive(desk, asked.before, datetime.now(UTC), vacuum=asked.vacuum)
    sys.stdout.write("".join(f"{line}\n" for line in found.told))
    return DONE if found.rows else CANNOT


def say(head: str, lines: list[str]) -> None:
    """Write lines beneath their head."""
    sys.stdout.write("".join(f"{line}\n" for line in (head, *(f"  {line}" for line in lines))))


def main(arguments: Sequence[str] | None = None) -> int:
    """Return the exit code of the command that is asked for."""
    return dispatch("python -m src.journal", __doc__, (add_forget, add_archive), arguments)


if __name__ == "__main__":
    run(lambda: sys.exit(main()))
