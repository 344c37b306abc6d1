"""`python -m ops.enter COMMAND …`: an image's first process: secrets and the image's commit as variables

A file /run/secrets/LASTRO_… or MLFLOW_… becomes the variable of that name, so that no secret stands in a container's
description; what the image was built from, the file `commit`, becomes LASTRO_GIT_COMMIT. Standard library only.
"""

import os
import re
import sys
from pathlib import Path

from ops.errors import run

SECRETS, COMMIT = Path("/run/secrets"), Path("commit")
OURS = ("LASTRO_", "MLFLOW_")
KNOWN = re.compile(r"[0-9a-f]{40}(-dirty)?")


def main() -> None:
    """Become COMMAND."""
    environment = {**built_from(COMMIT), **os.environ, **secrets(SECRETS)}
    os.execvpe(sys.argv[1], sys.argv[1:], environment)  # noqa: S606


def secrets(folder: Path) -> dict[str, str]:
    """Return the variables that are files here."""
    return {path.name: path.read_text().strip() for prefix in OURS for path in folder.glob(f"{prefix}*")}


def built_from(path: Path) -> dict[str, str]:
    """Return the variable that names the image's commit; nothing where nobody knew it when the image was built."""
    commit = path.read_text().strip() if path.is_file() else ""
    return {"LASTRO_GIT_COMMIT": commit} if KNOWN.fullmatch(commit) else {}


if __name__ == "__main__":
    run(main)
