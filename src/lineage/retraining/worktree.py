"""a commit -> a Git worktree beside the checkout, with DVC's cache and remote of the checkout; it goes when all is done

Nothing here writes into the checkout: a worktree has an index and a HEAD of its own, and its branch is a new one.
"""

import shutil
import subprocess
import tempfile
from pathlib import Path

from src import git
from src.lineage.lock import LineageError

QUIET = ("-c", "core.hooksPath=/dev/null", "-c", "commit.gpgSign=false")  # nobody is there to be asked for a password
NOBODY = ("-c", "user.name=retrain", "-c", "user.email=retrain@localhost")  # where Git knows no user, as in a service
CACHE = (".dvc", "cache")


class GitError(LineageError):
    """Git cannot do what is asked of it."""


def asked(root: Path, *arguments: str) -> str:
    """Return what Git prints; raises GitError with its last words where it fails."""
    program = shutil.which("git") or "git"
    command = [program, "-C", str(root), *QUIET, *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603 (no shell)
    if done.returncode:
        said = done.stderr.strip().rpartition("\n")[2] or "no word"
        raise GitError(f"git {' '.join(arguments[:2])}: {said}")
    return done.stdout.strip()


def opened(root: Path, folder: Path, commit: str, branch: str | None = None) -> Path:
    """Make a worktree of a commit below `folder`, on a new branch where one is named; return the project in it."""
    folder.mkdir(parents=True, exist_ok=True)
    tree = Path(tempfile.mkdtemp(dir=folder))  # a name of its own: what a killed run left working finds nothing here
    how = ["-b", branch] if branch else ["--detach"]
    asked(root, "worktree", "add", "--quiet", *how, str(tree), commit)
    project = tree / asked(root, "rev-parse", "--show-prefix")
    configure(root, project)
    return project


def closed(root: Path, folder: Path) -> None:
    """Remove every worktree below `folder`, half-made ones too."""
    there = list(folder.iterdir()) if folder.is_dir() else []
    lines = (git.output(root, "worktree", "list", "--porcelain") or "").splitlines()
    listed = {Path(line.removeprefix("worktree ")) for line in lines if line.startswith("worktree ")}
    for tree in there:
        shutil.rmtree(tree)
    for tree in listed:
        if tree.parent == folder.resolve():  # twice: one that Git was making when it was killed is locked
            git.output(root, "worktree", "remove", "--force", "--force", str(tree))


def configure(root: Path, project: Path) -> None:
    """Let DVC in a worktree use the cache and the remotes of the checkout, wherever these are configured."""
    from dvc.config import Config

    here = Config(str(root / ".dvc"))
    local = project / ".dvc" / "config.local"
    local.touch(mode=0o600)  # it may hold keys
    with Config(str(project / ".dvc")).edit("local") as config:
        config.update({name: dict(here[name]) for name in ("core", "cache", "remote") if here.get(name)})
        config.setdefault("cache", {}).setdefault("dir", str(root.joinpath(*CACHE).resolve()))


def commit(project: Path, message: str) -> str:
    """Commit all that changed in a worktree and return the commit."""
    known = git.output(project, "config", "user.name") and git.output(project, "config", "user.email")
    asked(project, *(() if known else NOBODY), "commit", "--quiet", "--no-verify", "-m", message)
    return asked(project, "rev-parse", "HEAD")


def tip(root: Path, branch: str) -> str | None:
    """Return a branch's commit; None where there is no such branch."""
    return (git.output(root, "rev-parse", "--verify", "--quiet", f"refs/heads/{branch}") or "").strip() or None


def twin(project: Path, base: str, pattern: str) -> str | None:
    """Return a branch of this pattern that began from `base` too, and changed what a worktree's index changes of it.

    What stages make of it is then the same. Returns None where there is no such branch.
    """
    changed = asked(project, "diff", "--cached", "--name-only", base).splitlines()
    said = asked(project, "for-each-ref", "--format=%(parent) %(refname:short)", f"refs/heads/{pattern}")
    branches = [name for parent, _, name in (line.partition(" ") for line in said.splitlines()) if parent == base]
    same = (name for name in branches if git.output(project, "diff", "--cached", "--quiet", name, "--", *changed) == "")
    return next(same, None) if changed else None
