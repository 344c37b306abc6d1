"""`python -m ops.kustomize OVERLAY`: deploy/kubernetes/overlays/OVERLAY -> its objects, on stdout

By a `kubectl` of 1.27 or newer, else by kustomize itself, built once beside MinIO. Without a name it only makes
sure that one of them is there. Standard library only.
"""

import json
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

from ops.deployment import ROOT
from ops.errors import SetupError, run
from ops.go_program import Program, Say

VERSION = "5.8.2"  # the newest that Go 1.26 builds
SOURCE = f"sigs.k8s.io/kustomize/kustomize/v5@v{VERSION}"
PROGRAM = Program("kustomize", "kustomize", VERSION, SOURCE, packages=390, lasts="a minute")
OLDEST = (1, 27)  # of kubectl: its kustomize is 5
OVERLAYS = ROOT / "deploy" / "kubernetes" / "overlays"


def main() -> None:
    """Print an overlay, or bring what builds one."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # so that a build that is called off cleans up
    folders = [folder_of(name) for name in sys.argv[1:]]
    program = find_or_build(lambda line: print(line, file=sys.stderr, flush=True))
    for folder in folders:
        print(build(program, folder), end="")


def folder_of(overlay: str) -> Path:
    """Return an overlay's folder; raises SetupError, with the names there are, where there is no such overlay."""
    known = {path.parent.name: path.parent for path in sorted(OVERLAYS.glob("*/kustomization.yaml"))}
    if overlay not in known:
        raise SetupError(f"{overlay}: no overlay of that name, but {', '.join(known)}.")
    return known[overlay]


def build(program: list[str], folder: Path) -> str:
    """Return the objects of a folder as YAML; raises SetupError, in kustomize's own words, where it does not build."""
    done = subprocess.run([*program, str(folder)], capture_output=True, text=True, check=False)
    if done.returncode:
        raise SetupError(f"{folder} does not build: {' '.join(done.stderr.split())}")
    return done.stdout


def find_or_build(say: Say = print) -> list[str]:
    """Return the words of a command that builds a folder; raises BuildError where there is none."""
    return find() or [str(PROGRAM.build_once(say)), "build"]


def find() -> list[str] | None:
    """Return the command whose program is on PATH or in the user's cache folder."""
    kubectl = shutil.which("kubectl")
    if kubectl and client_version(kubectl) >= OLDEST:
        return [kubectl, "kustomize"]
    return [str(PROGRAM.cached()), "build"] if os.access(PROGRAM.cached(), os.X_OK) else None


def client_version(kubectl: str) -> tuple[int, ...]:
    """Return the version of a kubectl, (0,) where it does not say it."""
    try:
        done = subprocess.run([kubectl, "version", "--client", "--output=json"], capture_output=True, check=False)
        found = json.loads(done.stdout)["clientVersion"]
        return int(found["major"]), int(found["minor"].rstrip("+"))
    except (OSError, ValueError, KeyError):
        return (0,)


if __name__ == "__main__":
    run(main)
