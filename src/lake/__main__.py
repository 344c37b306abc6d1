"""Tables that others can query: `python -m src.lake sync`, `query SQL`, `tables`, …

Apache Iceberg tables beside DVC's objects, a projection of what DVC, the registry and the prediction log hold: who
loses them runs `sync` again. Each command says in `--help` what it does and what its exit codes mean; an error is one
sentence on stderr, exit 2.
"""

import logging
import sys
from argparse import ArgumentParser, RawDescriptionHelpFormatter
from collections.abc import Callable, Sequence
from typing import Any

from src.errors import code_of, run
from src.lake.commands import add_expire, add_lineage, add_query, add_sync, add_tables

# each adds its own parser, with `set_defaults(command=…)`
COMMANDS: tuple[Callable[[Any], None], ...] = (add_sync, add_query, add_tables, add_expire, add_lineage)


def main(arguments: Sequence[str] | None = None) -> int:
    """Return the exit code of the command that is asked for; what stands in the way is one sentence on stderr."""
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    root = ArgumentParser(prog="python -m src.lake", description=__doc__, formatter_class=RawDescriptionHelpFormatter)
    commands = root.add_subparsers(required=True, metavar="COMMAND")
    for add in COMMANDS:
        add(commands)
    asked = root.parse_args(arguments)
    return code_of(lambda: asked.command(asked))


if __name__ == "__main__":
    run(lambda: sys.exit(main()))
