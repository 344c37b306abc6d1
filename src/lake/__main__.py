"""Tables that others can query: `python -m src.lake sync`, `query SQL`, `tables`, …

Apache Iceberg tables beside DVC's objects, a projection of what DVC, the registry and the prediction log hold: who
loses them runs `sync` again. Each command says in `--help` what it does and what its exit codes mean; an error is one
sentence on stderr, exit 2.
"""

import sys
from collections.abc import Callable, Sequence
from typing import Any

from src.command_line import dispatch
from src.errors import run
from src.lake.commands import add_expire, add_lineage, add_query, add_sync, add_tables

# each adds its own parser, with `set_defaults(command=…)`
COMMANDS: tuple[Callable[[Any], None], ...] = (add_sync, add_query, add_tables, add_expire, add_lineage)


def main(arguments: Sequence[str] | None = None) -> int:
    """Return the exit code of the command that is asked for."""
    return dispatch("python -m src.lake", __doc__, COMMANDS, arguments)


if __name__ == "__main__":
    run(lambda: sys.exit(main()))
