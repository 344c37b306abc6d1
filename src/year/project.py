"""this checkout's HEAD -> a copy in another folder, with a store of its own and a model that is quickly trained"""

import json
import logging
import subprocess
import sys
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from src import git
from src.errors import LastroError
from src.files import read_yaml, write_bytes
from src.lineage.policy import POLICY
from src.year.settings import variables

log = logging.getLogger(__name__)

AUTHOR = {"user.name": "Simulation", "user.email": "simulation@example.org"}
TERM = 30  # days after which a loan is due, and its outcome is known
QUICK = {"bootstrap": 200, "permutations": 2}
LOG = Path("var/commands.log")


@dataclass(frozen=True)
class Project:
    """A project's folder, in which commands run as a user types them."""

    root: Path

    def run(self, *command: str, may: Collection[int] = (0,)) -> str:
        """Return what a command prints; raises LastroError, with its last line, where it may not end so."""
        words = (sys.executable, "-m", *command[1:]) if command[0] == "python" else command
        done = subprocess.run(  # noqa: S603 (no shell)
            words, cwd=self.root, env=variables(), capture_output=True, text=True, check=False
        )
        with (self.root / LOG).open("a", encoding="utf-8") as file:
            file.write(f"$ {' '.join(command)}\n{done.stdout}{done.stderr}")
        if done.returncode not in may:
            last = (done.stderr.strip() or done.stdout.strip()).rpartition("\n")[2]
            raise LastroError(f"`{' '.join(command)}` ended with {done.returncode}: {last}")
        return done.stdout

    def answer(self, *command: str, may: Collection[int] = (0,)) -> Any:
        """Return the JSON that a command prints."""
        return json.loads(self.run(*command, "--json", may=may))


def cloned(source: Path, folder: Path) -> Project:
    """Return a clone of the commit that is checked out, pointed to a store of its own; raises LastroError without Git.

    Its model has one candidate, the first in params.yaml, and its policy knows outcomes after a month.
    """
    head, edited = git.state(source, ["."])
    if head is None:
        raise LastroError(f"{source}: no Git checkout with a commit: the year is played in a clone of one")
    if edited:
        log.info("What is not committed here takes no part: the year is played by commit %s.", head[:12])
    project = Project(folder / "project")
    command = ["git", "clone", "--quiet", str(source), str(project.root)]
    done = subprocess.run(command, env=variables(), capture_output=True, text=True, check=False)  # noqa: S603 (no shell)
    if done.returncode:
        raise LastroError(f"`git clone` ended with {done.returncode}: {done.stderr.strip()}")
    (project.root / LOG).parent.mkdir(exist_ok=True)
    for name, value in AUTHOR.items():
        project.run("git", "config", name, value)
    remote = f"[core]\n    remote = local\n['remote \"local\"']\n    url = {folder / 'store'}\n"
    write_bytes(project.root / ".dvc" / "config.local", remote.encode())
    quickened(project.root)
    return project


def quickened(root: Path) -> None:
    """Write what the simulation changes of the parameters and the policy; JSON is YAML too."""
    params, policy = read_yaml(root / "params.yaml"), read_yaml(root / POLICY)
    name, candidate = next(iter(params["train"]["candidates"].items()))
    params["train"]["candidates"] = {name: candidate}
    params["evaluate"] |= QUICK
    policy["monitoring"]["maturity_days"] = TERM
    for file, content in (("params.yaml", params), (POLICY, policy)):
        write_bytes(root / file, json.dumps(content, indent=1).encode())


def first_version(project: Project) -> None:
    """Train the first model, commit, push and publish it, and deliver it: it becomes champion."""
    project.run("dvc", "repro")
    project.run("git", "add", "--all")
    project.run("git", "commit", "--quiet", "--message", "A year: one candidate, loans of a month")
    project.run("dvc", "push")
    project.run("python", "src.lineage.registry", "publish")
    delivered(project)


def delivered(project: Project) -> None:
    """Bring what the chain names to where the API looks."""
    project.run("python", "src.lineage.delivery", "--once")
