"""branches retrain-… of a Git remote -> this checkout's, and back: a run elsewhere knows what the others made"""

from collections.abc import Container
from pathlib import Path

from src.lineage.retraining import worktree
from src.lineage.retraining.attempt import PREFIX, Attempt

SUBJECT = "Retrain: "  # what a retraining's commit begins with; its reason follows


def fetch(root: Path, remote: str) -> None:
    """Bring the remote's branches here; raises GitError where it is silent, or holds another one by a name of here."""
    worktree.asked(root, "fetch", "--quiet", remote, f"refs/heads/{PREFIX}*:refs/heads/{PREFIX}*")


def push(root: Path, remote: str, branch: str) -> None:
    """Bring a branch to the remote; raises GitError where it is silent or refuses."""
    worktree.asked(root, "push", "--quiet", remote, f"refs/heads/{branch}:refs/heads/{branch}")


def unpublished(root: Path, base: str, published: Container[str | None]) -> Attempt | None:
    """Return an attempt that began from `base` and whose commit no version has; None where there is none.

    Its branch was pushed, and what made it was lost, its notes with it, before it had published.
    """
    form = "--format=%(objectname) %(parent) %(refname:short) %(subject)"
    for line in worktree.asked(root, "for-each-ref", form, f"refs/heads/{PREFIX}*").splitlines():
        tip, parent, branch, subject = line.split(" ", 3)
        if parent == base and subject.startswith(SUBJECT) and tip not in published:
            return Attempt(branch, base, subject.removeprefix(SUBJECT))
    return None
