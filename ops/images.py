"""`python -m ops.images [--no-load]`: this checkout -> the images of overlay `local`, built and brought to the cluster

Each is built as compose.yaml builds it and tagged as deploy/kubernetes/overlays/local names it. LASTRO_LOAD_IMAGES is
the command that brings images of the Docker engine to the cluster's nodes; by default `kind load docker-image`. Of the
public images those go along that the engine has. Standard library only.
"""

import os
import shlex
import subprocess
import sys
from collections.abc import Sequence

from ops.deployment import ROOT
from ops.errors import SetupError, run
from ops.image import commit

TAG = "local"
TARGETS = {  # image -> target of Dockerfile
    "lastro-pipeline": "pipeline",
    "lastro-delivery": "delivery",
    "lastro-api": "serving-follow",
    "lastro-page": "page",
    "lastro-batch": "batch",
}
STORE = "lastro-store"
PUBLIC = ("postgres:15-bookworm", "redis:7-bookworm")
LOAD = "kind load docker-image"


def main() -> None:
    """Build all images and load them."""
    for words in commands(commit(ROOT)):
        call(words)
    if "--no-load" not in sys.argv[1:]:
        load([*names(), *filter(present, PUBLIC)])


def names() -> list[str]:
    """Return the built images' names."""
    return [f"{name}:{TAG}" for name in (*TARGETS, STORE)]


def commands(revision: str) -> list[list[str]]:
    """Return the commands that build them, MinIO's last."""
    built = ["docker", "build", "--quiet", "--tag"]
    known = ["--build-arg", f"GIT_COMMIT={revision}"]
    ours = [[*built, f"{name}:{TAG}", *known, "--target", target, "."] for name, target in TARGETS.items()]
    file = ["--file", ".devcontainer/minio.Dockerfile", ".devcontainer"]
    return [*ours, [*built, f"{STORE}:{TAG}", *file]]


def load(images: Sequence[str]) -> None:
    """Bring images of the engine to the cluster's nodes."""
    call([*shlex.split(os.environ.get("LASTRO_LOAD_IMAGES") or LOAD), *images])


def present(image: str) -> bool:
    """Say whether the engine has an image."""
    words = ["docker", "image", "inspect", image]
    return subprocess.run(words, capture_output=True, check=False).returncode == 0


def call(words: Sequence[str]) -> None:
    """Run a command in the project's root; raises SetupError where it fails."""
    print("──", shlex.join(words), flush=True)
    if subprocess.run(words, cwd=ROOT, stdout=subprocess.DEVNULL, check=False).returncode:
        raise SetupError(f"`{shlex.join(words)}` failed; above is why.")


if __name__ == "__main__":
    run(main)
