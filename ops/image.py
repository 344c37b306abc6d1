"""`python -m ops.image TARGET [OPTION …]`: this checkout, .env -> `docker build` of a target of Dockerfile

For `serving` the model's hash is that of models/model.json, and its bytes come from the store that .env names, with the
credentials as a BuildKit secret. OPTIONs go to `docker build` (`--tag`, `--no-cache`). Standard library only.
"""

import contextlib
import json
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from ops.deployment import Deployment, load
from ops.errors import run

SECRET = "LASTRO_BUILD_CREDENTIALS"  # the variable by which BuildKit gets them  # noqa: S105


def main() -> None:
    """Run `docker build` and leave with its exit code."""
    target, *options = sys.argv[1:] or ["serving"]
    deployment = load()
    words = command(deployment, target, options)
    environment = {**os.environ, SECRET: credentials(deployment.values)}
    sys.exit(subprocess.run(words, cwd=deployment.root, env=environment, check=False).returncode)


def command(deployment: Deployment, target: str, options: Sequence[str]) -> list[str]:
    """Return the command that builds a target; a store on this machine is reached by the host's own network."""
    values, root = deployment.values, deployment.root
    card = json.loads((root / "models" / "model.json").read_text())
    arguments = {"GIT_COMMIT": commit(root), "MODEL_SHA256": card["sha256"]}
    words = ["docker", "build", "--target", target]
    if target == "serving":
        words += ["--secret", f"id=aws,env={SECRET}", *(["--network", "host"] if deployment.local_store else [])]
        arguments |= {
            "S3_ENDPOINT": values.get("AWS_ENDPOINT_URL_S3", ""),
            "S3_REMOTE": f"s3://{values['LASTRO_BUCKET']}/dvc",
            "S3_REGION": values["AWS_DEFAULT_REGION"],
        }
    words += [word for name, value in arguments.items() for word in ("--build-arg", f"{name}={value}")]
    return [*words, *(["--tag", f"lastro-{target}"] if "--tag" not in options else []), *options, "."]


def credentials(values: Mapping[str, str]) -> str:
    """Return an AWS credentials file."""
    pair = {name.lower(): values.get(name, "") for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY")}
    return "[default]\n" + "".join(f"{name}={value}\n" for name, value in pair.items())


def commit(root: Path) -> str:
    """Return the commit that is checked out, marked where files differ from it; empty without Git."""
    git = ["git", "describe", "--always", "--abbrev=40", "--match=", "--dirty"]
    with contextlib.suppress(OSError):
        return subprocess.run(git, cwd=root, capture_output=True, text=True, check=False).stdout.strip()
    return ""


if __name__ == "__main__":
    run(main)
