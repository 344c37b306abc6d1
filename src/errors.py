"""The one exception that users see as a sentence instead of a traceback."""

import logging
import sys
from collections.abc import Callable

from pydantic import ValidationError


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


def run(main: Callable[[], None]) -> None:
    """Call a command's `main`; a `LastroError` becomes one message on stderr and exit code 1."""
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    try:
        main()
    except LastroError as error:
        sys.exit(f"error: {error}")
