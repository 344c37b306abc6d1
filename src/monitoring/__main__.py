"""What happened after the answer: `python -m src.monitoring run`, `status`, `outcomes FILE`, `report`, …

Each command says in `--help` what it does and what its exit codes mean; an error is one sentence on stderr, exit 2.
"""

import sys
from collections.abc import Callable, Sequence
from typing import Any

from src.command_line import dispatch
from src.errors import run
from src.monitoring.commands import (
    add_acknowledge,
    add_demo,
    add_outcomes,
    add_rebase,
    add_report,
    add_run,
    add_status,
)
from src.monitoring.message import add_alert

# each adds its own parser, with `set_defaults(command=…)`
COMMANDS: tuple[Callable[[Any], None], ...] = (
    add_run,
    add_status,
    add_acknowledge,
    add_alert,
    add_outcomes,
    add_rebase,
    add_report,
    add_demo,
)


def main(arguments: Sequence[str] | None = None) -> int:
    """Return the exit code of the command that is asked for."""
    return dispatch("python -m src.monitoring", __doc__, COMMANDS, arguments)


if __name__ == "__main__":
    run(lambda: sys.exit(main()))
