"""What leaves the log: `python -m src.journal forget --applicant ID | --prediction ID`, `archive --before T`

Each command says in `--help` what it does and what its exit codes mean; an error is one sentence on stderr, exit 2.
"""

import sys
from argparse import ArgumentParser, RawDescriptionHelpFormatter
from collections.abc import Sequence

from src.errors import code_of, run
from src.forgetting.commands import add_archive, add_forget


def main(arguments: Sequence[str] | None = None) -> int:
    """Return the exit code of the command that is asked for; what stands in the way is one sentence on stderr."""
    root = ArgumentParser(
        prog="python -m src.journal", description=__doc__, formatter_class=RawDescriptionHelpFormatter
    )
    commands = root.add_subparsers(required=True, metavar="COMMAND")
    for add in (add_forget, add_archive):
        add(commands)
    asked = root.parse_args(arguments)
    return code_of(lambda: asked.command(asked))


if __name__ == "__main__":
    run(lambda: sys.exit(main()))
