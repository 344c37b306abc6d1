"""`python -m ops.pipeline [features]`: the one-shot of compose.yaml: the image's project -> bucket, keys, model, MLflow

It works on a copy, so that the image stays as it is and every run begins with the committed state; DVC's cache is in a
volume, so that only what changed is computed again. What it publishes, the service `delivery` brings to the API. With
`features` it brings the applicants whom the image's project knows into the table that the API asks, and nothing else.
"""

import os
import shutil
import subprocess
import sys
from pathlib import Path

from ops.deployment import ROOT
from ops.errors import run

WORK, STATE, SECRETS = Path("/work"), Path("/var/lib/lastro"), Path("/run/secrets")
READERS = {"delivery": ("dvc", "--list", "registry"), "mlflow": ("mlflow",)}  # whose key reads what of the bucket


def main() -> None:
    """Run every step in its order; the first that fails ends it with its exit code."""
    endpoint, bucket = os.environ["AWS_ENDPOINT_URL_S3"], os.environ["LASTRO_BUCKET"]
    project = copy(ROOT, WORK / "lastro")
    (project / ".dvc" / "config.local").write_text(configuration(endpoint, bucket, STATE, project))
    os.chdir(project)
    if sys.argv[1:] == ["features"]:
        call(sys.executable, "-m", "src.feature_store", "materialize")
        return
    call(sys.executable, "-m", "src.lineage.storage")
    for name, folders in READERS.items():
        keys = ("--endpoint", endpoint, "--admin", str(SECRETS / "credentials"), "--key", str(SECRETS / name))
        addresses = (word if word.startswith("--") else f"s3://{bucket}/{word}" for word in folders)
        call(sys.executable, "-m", "src.lineage.minio_keys", *keys, *addresses)
    call("dvc", "checkout", "--quiet", "--allow-missing")  # DVC never takes persistent outputs from its run cache
    call("dvc", "repro")
    call("dvc", "push")
    call(sys.executable, "-m", "src.lineage.registry", "publish")


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


def call(*command: str) -> None:
    """Run a command, its output passed through; leave with its exit code where it fails."""
    print("──", *command[command.index("-m") + 1 :] if "-m" in command else command, flush=True)
    code = subprocess.run(command, check=False).returncode
    if code:
        sys.exit(code)


if __name__ == "__main__":
    run(main)
