"""PATH, the user's cache folder, or the pinned source -> a MinIO server program (standard library only)"""

import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

from ops.errors import run
from ops.go_program import Program, Say

VERSION = "20260212201848-7aac2a2c5b7c"
SOURCE = f"github.com/minio/minio@v0.0.0-{VERSION}"
PROGRAM = Program("MinIO", "minio", VERSION, SOURCE, packages=1300, lasts="3 minutes")


def find_or_build(say: Say = print) -> Path:
    """Return a MinIO server program; builds it once for all clones of this user.

    Raises BuildError where none is found and none can be built.
    """
    return find() or PROGRAM.build_once(say)


def find() -> Path | None:
    """Return the program on PATH or in the user's cache folder."""
    on_path = shutil.which("minio")
    if on_path and _is_server(on_path):
        return Path(on_path)
    return PROGRAM.cached() if os.access(PROGRAM.cached(), os.X_OK) else None


def _is_server(program: str) -> bool:
    try:
        said = subprocess.run([program, "--version"], capture_output=True, text=True, check=False)
    except OSError:
        return False
    return said.returncode == 0 and said.stdout.startswith("minio version")


def main() -> None:
    """Build the server unless it is there, and say in one line where there is none in the end."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # so that a build that is called off cleans up
    find_or_build()


if __name__ == "__main__":
    run(main)
