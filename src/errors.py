"""The one exception that users see as a sentence instead of a traceback."""

import logging
import sys
from collections.abc import Callable, Mapping

from pydantic import ValidationError

IMPOSSIBLE = 2  # the exit code of a command that could not do what it was asked


class LastroError(Exception):
    """Something the user can mend: its text names the file or field, the problem and the rule."""


def sentences(error: ValidationError, source: str) -> str:
    """Return one line a problem: where it stands in `source`, what is wrong, what was given."""
    lines = []
    for problem in error.errors(include_url=False):
        place = ".".join(str(part) for part in problem["loc"]) or "the whole"
        message = problem["msg"].removeprefix("Value error, ")
        given = problem["input"]
        shown = f" (given: {given!r})" if isinstance(given, str | int | float | bool) else ""
        lines.append(f"{source}: {place}: {message}{shown}")
    return "\n".join(lines)


def refusal(error: OSError) -> str:
    """Return in one line which file or program the system refuses, where it says so, and why."""
    reason = " ".join((error.strerror or str(error) or type(error).__name__).split())
    return reason if error.filename is None else f"{error.filename}: {reason}"


def code_of(command: Callable[[], int], codes: Mapping[type[LastroError], int] | None = None) -> int:
    """Return a command's exit code; what the user can mend becomes one message on stderr and exit code 2.

    `codes` are those of kinds of errors that have another one.
    """
    try:
        return command()
    except LastroError as error:
        sys.stderr.write(f"error: {error}\n")
        return next((code for kind, code in (codes or {}).items() if isinstance(error, kind)), IMPOSSIBLE)
    except OSError as error:
        sys.stderr.write(f"error: {refusal(error)}\n")
        return IMPOSSIBLE


def run(main: Callable[[], None]) -> None:
    """Call a command's `main`; what the user can mend becomes one message on stderr and exit code 1.

    That is a `LastroError`, or what the system refuses: a file that cannot be read or written, a program that cannot be
    started.
    """
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    try:
        main()
    except LastroError as error:
        sys.exit(f"error: {error}")
    except OSError as error:
        sys.exit(f"error: {refusal(error)}")
