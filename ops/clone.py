"""LASTRO_GIT_REMOTE, the secret of /run/secrets -> a clone at a commit or branch (standard library only)"""

import os
import shutil
import subprocess
from pathlib import Path
from urllib.parse import urlsplit

from ops.errors import SetupError

CREDENTIALS = "git-credentials"  # in the form of `git credential-store`: https://NAME:TOKEN@HOST, a line a host
READING = '!read_only() {{ test "$1" != get || git credential-store --file={} get; }}; read_only'


def clone(target: Path, at: str, secrets: Path) -> Path:
    """Return a clone of LASTRO_GIT_REMOTE in `target` with `at`, a commit or a branch of it, checked out.

    One that is there already at this very commit stays as it is: what a killed container had begun goes on. Raises
    SetupError where no remote is named, where its address holds a password, or where Git cannot do it.
    """
    remote = address(os.environ.get("LASTRO_GIT_REMOTE", ""))
    if target.is_dir() and head(target) == at:
        return target
    shutil.rmtree(target, ignore_errors=True)
    reading = READING.format(secrets / CREDENTIALS)
    options = [*(["--config", f"credential.helper={reading}"] if (secrets / CREDENTIALS).is_file() else []), "--quiet"]
    git("clone", "--no-checkout", *options, "--", remote, str(target), where=remote)
    found = any(head(target, f"{name}^{{commit}}") for name in (f"origin/{at}", at))
    if not found:
        raise SetupError(f"LASTRO_GIT_REMOTE={remote} has no commit or branch {at}: push it there.")
    wanted = head(target, f"origin/{at}^{{commit}}") or at
    git("-C", str(target), "checkout", "--quiet", "--detach", wanted, where=remote)
    return target


def address(remote: str) -> str:
    """Return the remote's address; raises SetupError where there is none, or where it holds what is secret."""
    if not remote:
        raise SetupError("LASTRO_GIT_REMOTE is empty: name the Git repository that this was built from.")
    if urlsplit(remote).password:
        raise SetupError(f"LASTRO_GIT_REMOTE holds a password: write it into {CREDENTIALS} of the secret git.")
    return remote


def deployed(root: Path) -> str:
    """Return the commit that an image was built from; raises SetupError where nobody knows it."""
    commit = os.environ.get("LASTRO_GIT_COMMIT", "").removesuffix("-dirty") or head(root)
    if not commit:
        raise SetupError("From which commit this image was built is not known: build it with GIT_COMMIT.")
    return commit


def head(root: Path, name: str = "HEAD") -> str:
    """Return the commit of a name; empty where there is none. The files may belong to another user."""
    words = ["git", "-c", "safe.directory=*", "-C", str(root), "rev-parse", "--verify", "--quiet", name]
    return subprocess.run(words, capture_output=True, text=True, check=False).stdout.strip()


def git(*words: str, where: str) -> None:
    """Run Git, which asks nobody for a password; raises SetupError with its last words where it fails."""
    environment = {**os.environ, "GIT_TERMINAL_PROMPT": "0"}
    done = subprocess.run(["git", *words], env=environment, stderr=subprocess.PIPE, text=True, check=False)
    if done.returncode:
        said = done.stderr.strip().rpartition("\n")[2] or "no word"
        raise SetupError(f"LASTRO_GIT_REMOTE={where}: {said}.")
