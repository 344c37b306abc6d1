"""a version, an overlay -> a branch whose one commit names it in the overlay's model.yaml: `promote 3 --gitops`

Neither checkout nor index is touched, and nothing is pushed: a person does that, and asks for the merge.
"""

import tempfile
from argparse import Namespace
from pathlib import Path
from typing import Any

from src import git
from src.files import write_bytes
from src.lineage import commands, promotion
from src.lineage.chain import read_chain
from src.lineage.commands import Answer, Desk
from src.lineage.lock import LineageError
from src.lineage.overlay import content_of, naming, path_of, version_in
from src.lineage.retraining.worktree import NOBODY, asked, tip
from src.lineage.settings import environment

FILE = "100644"
OVERRULED = "--force: what is merged is put to the gates where it is deployed, and overrules none; leave --gitops out"


def promote(desk: Desk, wanted: Namespace) -> Answer:
    """Make a version champion, or propose it by a branch where an overlay is named."""
    return proposed(desk, wanted) if wanted.gitops else commands.promote(desk, wanted)


def proposed(desk: Desk, wanted: Namespace) -> Answer:
    """Write the branch that proposes a version, where its gates let it be promoted now; raises LineageError."""
    if wanted.force:
        raise LineageError(OVERRULED)
    chain, overlay, number = read_chain(desk.place), str(wanted.gitops), int(wanted.version)
    version, path = chain.version(number), path_of(desk.root, overlay)
    before = content_of(desk.root, path)
    if version_in(path, before) == number:
        named = f"{path} names version {number} already, so that there is nothing to merge"
        raise LineageError(f"{named}; the champion is {chain.state.champion}, which `promote` and `rollback` change")
    content = naming(path, before, number)
    back = number in chain.state.predecessors
    gates = [] if back else promotion.judged(desk.root, desk.place, chain, version)
    found: dict[str, Any] = {"version": str(number), "overlay": overlay, "event": "rollback" if back else "promote"}
    found |= {"gates": [gate._asdict() for gate in gates], "branch": None, "commit": None}
    text = promotion.described(found["gates"])
    if gates and stopped(gates):
        return Answer(1, found, [*text, "no branch was written: where it is deployed, the same gates would refuse it"])
    message = [f"{'Roll back to' if back else 'Promote'} version {number} in {overlay}"]
    message += [wanted.why.strip()] if wanted.why.strip() else []
    branch = f"promote-{overlay}-{number}"
    message += ["\n".join(text) or "It was champion before: no gate is asked."]
    commit = written(desk.root, branch, path, content, "\n\n".join(message))
    return Answer(0, {**found, "branch": branch, "commit": commit}, [*text, *said(branch, commit, found, path)])


def stopped(gates: list[Any]) -> bool:
    """Say whether these gates stop a promotion."""
    from src.lineage.gates import stops  # its libraries take seconds, which only this command waits

    return stops(gates)


def said(branch: str, commit: str, found: dict[str, Any], path: str) -> list[str]:
    """Return what was written, and what is to be done with it."""
    does = {"rollback": "rolls back to it", "promote": "promotes it where its gates let it"}[found["event"]]
    return [
        f"branch {branch}, commit {commit[:12]}: {path} names version {found['version']}",
        f"next: git push origin {branch}, and let it be merged; the sync {does}",
    ]


def written(root: Path, branch: str, path: str, content: str, message: str) -> str:
    """Write a commit of one changed file on top of HEAD to a new branch, and return it.

    A branch that HEAD has merged makes room, one that holds the same is returned; raises LineageError for another.
    """
    there = tip(root, branch)
    merged = there is not None and git.output(root, "merge-base", "--is-ancestor", there, "HEAD") is not None
    if there and not merged:
        if git.output(root, "show", f"{there}:{path}") == content:
            return there
        raise LineageError(f"branch {branch} is there and holds another {path}: `git branch -D {branch}` removes it")
    commit = committed(root, path, content, message)
    asked(root, "update-ref", "-m", "promote --gitops", f"refs/heads/{branch}", commit, there or "")
    return commit


def committed(root: Path, path: str, content: str, message: str) -> str:
    """Return a new commit on top of HEAD in which one file has this content; no branch has it yet."""
    known = git.output(root, "config", "user.name") and git.output(root, "config", "user.email")
    with tempfile.TemporaryDirectory() as folder, environment({"GIT_INDEX_FILE": f"{folder}/index"}):
        file = Path(folder) / "file"
        write_bytes(file, content.encode())
        blob = asked(root, "hash-object", "-w", "--no-filters", str(file))
        asked(root, "read-tree", "HEAD")
        asked(root, "update-index", "--add", "--cacheinfo", f"{FILE},{blob},{path}")
        tree = asked(root, "write-tree")
        return asked(root, *(() if known else NOBODY), "commit-tree", tree, "-p", "HEAD", "-m", message)
