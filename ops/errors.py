"""what stops a command -> one sentence on stderr and exit code 1, no traceback (standard library only)"""

import errno
import sys
from collections.abc import Callable

HINTS = {
    errno.EROFS: "work in a copy of the project that can be written",
    errno.EACCES: "give this user the right to it",
    errno.EPERM: "give this user the right to it",
    errno.ENOSPC: "make room there",
    errno.ENOEXEC: "it is no program of this machine",
}


class SetupError(RuntimeError):
    """What the user must change before it goes on: the message is one sentence."""


def run(main: Callable[[], None], name: str = "") -> None:
    """Call a command's `main`; what stops it becomes one sentence, which `name` begins, and exit code 1.

    That is a SetupError, or what the system refuses: a file that cannot be read or written, a program that cannot be
    started.
    """
    try:
        main()
    except SetupError as error:
        sys.exit(f"{name}{error}")
    except OSError as error:
        sys.exit(f"{name}{sentence(error)}")


def sentence(error: OSError) -> str:
    """Return the file or program that the system refuses, why, and what helps."""
    if error.filename is None:
        return " ".join(str(error).split()) or type(error).__name__
    hint = f"; {HINTS[error.errno]}" if error.errno in HINTS else ""
    return f"{error.filename}: {error.strerror}{hint}."
