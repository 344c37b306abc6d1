"""`python -m tests.batch.interrupted FOLDER`: two workers with a minute's work each, for a test that interrupts it"""

import sys

from src.batch.engine import run
from tests.batch.work import slow


def main() -> None:
    """Say nothing of an interruption but the exit code."""
    try:
        list(run(slow, [sys.argv[1]] * 2, 2))
    except KeyboardInterrupt:
        sys.exit(130)


if __name__ == "__main__":
    main()
