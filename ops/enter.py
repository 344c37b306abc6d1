"""`python -m ops.enter COMMAND …`: an image's first process: secrets as variables, a model where none is in the image

A file /run/secrets/LASTRO_… becomes the variable of that name, so that no secret stands in a container's description.
Where LASTRO_RELEASE names a folder (dvc.lock and models/*.json), its model is fetched into LASTRO_MODELS and verified;
the credentials for that are no longer in the environment of COMMAND. Standard library only.
"""

import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

from ops.errors import run

SECRETS = Path("/run/secrets")
ASKED = {  # variable -> option of src.lineage.delivery
    "LASTRO_RELEASE": "--release",
    "LASTRO_REMOTE": "--remote",
    "LASTRO_MODELS": "--to",
    "LASTRO_MODEL_SHA256": "--sha256",
    "AWS_ENDPOINT_URL_S3": "--endpoint",
    "AWS_DEFAULT_REGION": "--region",
}


def main() -> None:
    """Become COMMAND, or end with the fetch's exit code."""
    environment = {**os.environ, **secrets(SECRETS)}
    if environment.get("LASTRO_RELEASE"):
        code = subprocess.run(fetch(environment), env=environment, check=False).returncode
        if code:
            sys.exit(code)
    kept = {name: value for name, value in environment.items() if not name.startswith("AWS_")}
    os.execvpe(sys.argv[1], sys.argv[1:], kept)  # noqa: S606


def secrets(folder: Path) -> dict[str, str]:
    """Return the variables that are files here."""
    return {path.name: path.read_text().strip() for path in folder.glob("LASTRO_*")}


def fetch(environment: Mapping[str, str]) -> list[str]:
    """Return the command that fetches the release's model."""
    given = [(option, environment[name]) for name, option in ASKED.items() if environment.get(name)]
    return [sys.executable, "-m", "src.lineage.delivery", *(word for pair in given for word in pair)]


if __name__ == "__main__":
    run(main)
