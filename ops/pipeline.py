"""`python -m ops.pipeline [features | training | promotion]`: the image's project -> bucket, keys, model, MLflow

It works on a copy, so that the image stays as it is and every run begins with the committed state; DVC's cache is in a
volume, so that only what changed is computed again. What it publishes, the service `delivery` brings to the API. With
`features` it brings the applicants whom the image's project knows into the table that the API asks, and nothing else.
With `training` it retrains in a clone of LASTRO_GIT_REMOTE at the image's commit and pushes the branch there; further
words go to `src.lineage.retrain`, and where nothing is new it ends well. With `promotion` and a namespace the image's
project asks the history of LASTRO_GIT_BRANCH which version is to be champion there (`src.lineage.gitops`).
"""

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Collection, Mapping, Sequence
from pathlib import Path

from ops.clone import clone, deployed
from ops.deployment import ROOT
from ops.errors import SetupError, run

WORK, STATE, SECRETS = Path("/work"), Path("/var/lib/lastro"), Path("/run/secrets")
READERS = {"delivery": ("dvc", "--list", "registry"), "mlflow": ("mlflow",)}  # whose key reads what of the bucket
STOPPED, NOTHING_NEW = 1, 3  # of src.lineage.retrain: published, and a gate stops it | nothing to train on
WHY = ("--why", "scheduled training")
IMPOSSIBLE = 2
NAMESPACES = "lastro-"  # an overlay's namespace is its name behind this


def main() -> None:
    """Run what is asked for, step by step; the first step that fails ends it with its exit code."""
    name, *words = sys.argv[1:] or [""]
    if name not in COMMANDS:
        known = ", ".join(filter(None, COMMANDS))
        raise SetupError(f"{name}: not a command of ops.pipeline; there are {known}, and none for everything.")
    COMMANDS[name](words)


def everything(_: Sequence[str]) -> None:
    """Make bucket, keys and model, and publish it."""
    endpoint, bucket = enter(copy(ROOT, WORK / "lastro"))
    call(sys.executable, "-m", "src.lineage.storage")
    for name, folders in READERS.items():
        keys = ("--endpoint", endpoint, "--admin", str(SECRETS / "credentials"), "--key", str(SECRETS / name))
        addresses = (word if word.startswith("--") else f"s3://{bucket}/{word}" for word in folders)
        call(sys.executable, "-m", "src.lineage.minio_keys", *keys, *addresses)
    call("dvc", "checkout", "--quiet", "--allow-missing")  # DVC never takes persistent outputs from its run cache
    call("dvc", "repro")
    call("dvc", "push")
    call(sys.executable, "-m", "src.lineage.registry", "publish")


def features(_: Sequence[str]) -> None:
    """Bring the applicants into the table that the API asks."""
    enter(copy(ROOT, WORK / "lastro"))
    call(sys.executable, "-m", "src.feature_store", "materialize")


def training(words: Sequence[str]) -> None:
    """Retrain at the image's commit, push the branch, and bring the applicants along; nothing new is a good end too."""
    enter(clone(WORK / "training", deployed(ROOT), SECRETS))
    call("dvc", "pull")
    given = words if "--why" in words else (*WHY, *words)
    retrain = (sys.executable, "-m", "src.lineage.retrain", "--remote", "origin", *given)
    call(*retrain, may=(0, STOPPED, NOTHING_NEW))
    call(sys.executable, "-m", "src.feature_store", "materialize")


def promotion(words: Sequence[str]) -> None:
    """Bring the chain to what the newest commit of LASTRO_GIT_BRANCH says of the overlay of a namespace.

    Exit codes are those of src.lineage.gitops; a remote that cannot be read is 2 too: another try may find it.
    """
    branch = os.environ.get("LASTRO_GIT_BRANCH") or "main"
    try:
        history = clone(WORK / "history", branch, SECRETS)
    except SetupError as error:
        print(error, file=sys.stderr)
        sys.exit(IMPOSSIBLE)
    enter(copy(ROOT, WORK / "lastro"))
    overlays = [word.removeprefix(NAMESPACES) for word in words]
    call(sys.executable, "-m", "src.lineage.gitops", *overlays, "--history", str(history))


QUIET = {  # what the commands get unless somebody says otherwise
    "GIT_TERMINAL_PROMPT": "0",  # nobody is there to be asked for a password
    "TQDM_DISABLE": "1",  # a log keeps every step of a bar
}
COMMANDS: Mapping[str, Callable[[Sequence[str]], None]] = {
    "": everything,
    "features": features,
    "training": training,
    "promotion": promotion,
}


def enter(project: Path) -> tuple[str, str]:
    """Let DVC in a project use this deployment, and work there from now on; return the store's address and bucket."""
    endpoint, bucket = os.environ["AWS_ENDPOINT_URL_S3"], os.environ["LASTRO_BUCKET"]
    (project / ".dvc" / "config.local").write_text(configuration(endpoint, bucket, STATE, project))
    os.chdir(project)
    return endpoint, bucket


def copy(source: Path, target: Path) -> Path:
    """Return a new copy of the project."""
    shutil.rmtree(target, ignore_errors=True)
    return Path(shutil.copytree(source, target, symlinks=True))


def configuration(endpoint: str, bucket: str, state: Path, project: Path) -> str:
    """Return DVC's own configuration of this deployment; without a usable history DVC must not look for one."""
    history = subprocess.run(["git", "-C", str(project), "rev-parse", "--git-dir"], capture_output=True, check=False)
    lines = ["[core]", f"no_scm = {str(history.returncode != 0).lower()}", f"site_cache_dir = {state / 'dvc'}"]
    lines += ["[cache]", f"dir = {state / 'cache'}"]
    remote = ["['remote \"minio\"']", f"url = s3://{bucket}/dvc", f"endpointurl = {endpoint}"]
    return "\n".join([*lines, *remote, ""])


def call(*command: str, may: Collection[int] = (0,)) -> None:
    """Run a command, its output passed through; leave with its exit code where it may not end with that."""
    print("──", *command[command.index("-m") + 1 :] if "-m" in command else command, flush=True)
    code = subprocess.run(command, env=QUIET | os.environ, check=False).returncode
    if code not in may:
        sys.exit(code)


if __name__ == "__main__":
    run(main)
