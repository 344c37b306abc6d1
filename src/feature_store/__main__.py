"""Applicants by id: `python -m src.feature_store add FILE …`, `materialize`, `join EVENTS OUTPUT`, `status`.

Each command says in `--help` what it does and what its exit codes mean; an error is one sentence on stderr, exit 2.
"""

import sys
from collections.abc import Callable, Sequence
from typing import Any

from src.command_line import dispatch
from src.errors import run
from src.feature_store.commands import add_add, add_join, add_materialize, add_status

COMMANDS: tuple[Callable[[Any], None], ...] = (add_add, add_materialize, add_join, add_status)


def main(arguments: Sequence[str] | None = None) -> int:
    """Return the exit code of the command that is asked for."""
    return dispatch("python -m src.feature_store", __doc__, COMMANDS, arguments)


if __name__ == "__main__":
    run(lambda: sys.exit(main()))
