"""the project's Git history -> which commit this is, and whether the files still are that commit's"""

import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path


def output(root: Path, *arguments: str) -> str | None:
    """Return what Git prints, None where it fails: no Git, no checkout, no such object."""
    program = shutil.which("git")
    if program is None:
        return None
    done = subprocess.run(  # noqa: S603 (fixed arguments, no shell)
        [program, "-C", str(root), *arguments], capture_output=True, text=True, check=False
    )
    return done.stdout if done.returncode == 0 else None


def head(root: Path) -> str | None:
    """Return the hash of the commit that is checked out."""
    said = output(root, "rev-parse", "--verify", "--quiet", "HEAD")
    return said.strip() if said else None


def state(root: Path, paths: Sequence[str]) -> tuple[str | None, bool | None]:
    """Return the commit that is checked out, and whether files under `paths` differ from it; None where Git is silent.

    One call of Git: a service asks when it starts.
    """
    said = output(root, "--no-optional-locks", "status", "--porcelain=v2", "--branch", "--", *paths)
    if said is None:
        return None, None
    heads = [line for line in said.splitlines() if line.startswith("#")]
    oid = next((line.rpartition(" ")[2] for line in heads if line.startswith("# branch.oid ")), "(initial)")
    return (None, None) if oid == "(initial)" else (oid, len(said.splitlines()) > len(heads))


def changes_since(root: Path, commit: str, paths: Sequence[str]) -> list[str]:
    """Return the files under `paths` that differ from `commit`, new ones too; all of `paths` where Git cannot tell."""
    edited = output(root, "diff", "--name-only", "--relative", commit, "--", *paths)
    new = output(root, "ls-files", "--others", "--exclude-standard", "--", *paths)
    return list(paths) if edited is None or new is None else (edited + new).splitlines()


def main_worktree(root: Path) -> Path:
    """Return the same folder in the main checkout where `root` lies in a linked worktree; else `root` itself."""
    said = output(root, "rev-parse", "--git-dir", "--git-common-dir", "--show-prefix")
    if said is None:
        return root
    own, common, prefix = (said.split("\n") + [""] * 3)[:3]
    folder = (root / common).resolve()
    if (root / own).resolve() == folder or folder.name != ".git":  # a bare repository has no main checkout
        return root
    return folder.parent / prefix
