"""Applicants by id: `python -m src.feature_store add FILE …`, `materialize`, `join EVENTS OUTPUT`, `status`.

Each command says in `--help` what it does and what its exit codes mean; an error is one sentence on stderr, exit 2.
"""

import logging
import sys
from argparse import ArgumentParser, RawDescriptionHelpFormatter
from collections.abc import Callable, Sequence
from typing import Any

from src.errors import code_of, run
from src.feature_store.commands import add_add, add_join, add_materialize, add_status

COMMANDS: tuple[Callable[[Any], None], ...] = (add_add, add_materialize, add_join, add_status)


def main(arguments: Sequence[str] | None = None) -> int:
    """Return the exit code of the command that is asked for; what stands in the way is one sentence on stderr."""
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    root = ArgumentParser(
        prog="python -m src.feature_store", description=__doc__, formatter_class=RawDescriptionHelpFormatter
    )
    commands = root.add_subparsers(required=True, metavar="COMMAND")
    for add in COMMANDS:
        add(commands)
    asked = root.parse_args(arguments)
    return code_of(lambda: asked.command(asked))


if __name__ == "__main__":
    run(lambda: sys.exit(main()))
