"""what a command line says -> values, or argparse's error; a command with subcommands -> its exit code"""

import logging
from argparse import ArgumentParser, ArgumentTypeError, RawDescriptionHelpFormatter
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any

from src.errors import code_of

MOMENT = "a time with its zone, such as 2026-01-31T12:00:00Z"


def moment(text: str) -> datetime:
    """Return a moment in UTC; raises argparse's error for a text that is none, has no zone, or is in no year there.

    >>> moment("2026-01-31T12:00:00+01:00").isoformat()
    '2026-01-31T11:00:00+00:00'
    """
    with suppress(ValueError, OverflowError):
        if (found := datetime.fromisoformat(text)).tzinfo is not None:
            return found.astimezone(UTC)
    raise ArgumentTypeError(f"{text!r} is not {MOMENT}")


def count(text: str) -> int:
    """Return how many; raises argparse's error for a text that does not say it.

    >>> count("17")
    17
    """
    if text.isdecimal() and (found := int(text)) > 0:
        return found
    raise ArgumentTypeError(f"{text!r} is not a whole number from 1 on")


def dispatch(
    program: str, about: str | None, adders: Iterable[Callable[[Any], None]], given: Sequence[str] | None = None
) -> int:
    """Return the exit code of the subcommand that is asked for; what stands in the way is one sentence on stderr.

    Each adder adds its own parser, with `set_defaults(command=…)`: a function from what was asked to an exit code.
    """
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    root = ArgumentParser(prog=program, description=about, formatter_class=RawDescriptionHelpFormatter)
    commands = root.add_subparsers(required=True, metavar="COMMAND")
    for add in adders:
        add(commands)
    asked = root.parse_args(given)
    return code_of(lambda: asked.command(asked))
