"""outcomes -> a challenger: `python -m src.lineage.retrain --why T`

In a Git worktree of HEAD, on a branch retrain-DATE: refresh, dvc repro, a commit, dvc push, publish as challenger,
gates, the validation report. The checkout stays as it is, and nothing is promoted, whatever policy.yaml says. The
branch stays; what was killed goes on with the next run, or begins anew. With `--remote` the branches of that Git remote
count too, and the new one is pushed there before its model is published.
"""

import logging
import signal
import sys
from argparse import ArgumentParser, Namespace, RawDescriptionHelpFormatter
from collections.abc import Sequence
from pathlib import Path

from src import git
from src.errors import IMPOSSIBLE, LastroError, code_of, run
from src.lineage.chain import read_chain
from src.lineage.lock import LineageError
from src.lineage.retraining import branches, worktree
from src.lineage.retraining.attempt import PREFIX, TREES, Attempt, alone, begin, forget, unfinished
from src.lineage.retraining.settings import variables
from src.lineage.retraining.shell import REGISTRY, Shell
from src.lineage.settings import ROOT, Settings, read_settings
from src.lineage.storage import remote

log = logging.getLogger(__name__)

NOTHING_NEW = 3
ENDS = "exit codes: 0 published, its gates pass | 1 published, a gate stops it | 2 could not | 3 nothing new"


class NothingNewError(LastroError):
    """The outcomes that the log holds were trained on already."""


def parser() -> ArgumentParser:
    """Return the command line."""
    made = ArgumentParser(
        prog="python -m src.lineage.retrain",
        description=__doc__,
        epilog=ENDS,
        formatter_class=RawDescriptionHelpFormatter,
    )
    made.add_argument("--why", required=True, metavar="T", help="the reason; the commit and the chain keep it")
    made.add_argument("--until", metavar="T", help="as `refresh` has it: outcomes known then; default: now")
    made.add_argument("--mixed-base-rates", action="store_true", help="as `refresh` has it")
    made.add_argument("--remote", metavar="NAME", help="a Git remote whose branches count, and which gets the new one")
    return made


def retrain(root: Path, settings: Settings, asked: Namespace) -> int:
    """Make, publish and report a challenger, or go on where that was killed; return the exit code.

    Raises LineageError or StorageError where it cannot be, NothingNewError where there is nothing to train on.
    """
    check(root)
    folder = settings.state / "retrain"
    trees = folder / TREES
    with alone(folder) as lock:
        worktree.closed(root, trees)
        attempt = known(root, folder, asked.remote)
        try:
            if attempt:
                log.info("retrain: goes on with branch %s, begun for this reason: %s", attempt.branch, attempt.why)
                shell = Shell(worktree.opened(root, trees, attempt.branch), variables(root, settings.state), lock)
                shell.run("dvc", "pull", "--quiet")
            else:
                attempt = begin(root, folder, asked.why.strip())
                project = worktree.opened(root, trees, attempt.base, attempt.branch)
                shell = Shell(project, variables(root, settings.state), lock)
                train(shell, attempt, asked)
            code = publish(shell, attempt, settings.state, asked.remote)
        finally:
            worktree.closed(root, trees)
            unfinished(root, folder)  # forgets one without a commit
        forget(root, folder, attempt)
    return code


def known(root: Path, folder: Path, source: str | None) -> Attempt | None:
    """Return the attempt to go on with: this checkout's own, else one that a lost run has pushed to a Git remote."""
    if source:
        branches.fetch(root, source)
    if (attempt := unfinished(root, folder)) or not source:
        return attempt
    published = {version.git_commit for version in read_chain(remote(root)).state.versions.values()}
    return branches.unpublished(root, worktree.asked(root, "rev-parse", "HEAD"), published)


def check(root: Path) -> None:
    """Say from what it begins; raises LineageError without Git or champion, StorageError without a place of objects."""
    head, edited = git.state(root, ["."])
    if head is None:
        raise LineageError(f"{root}: no Git checkout with a commit: retraining works in a worktree of one")
    if edited:
        log.info("retrain: what is not committed here takes no part: it begins from commit %s", head[:12])
    place = remote(root)
    place.probe()
    state = read_chain(place).state
    if state.champion is None:
        raise LineageError("there is no champion to retrain: `python -m src.lineage.registry publish` makes one")
    commit = state.versions[state.champion].git_commit
    if commit and git.output(root, "merge-base", "--is-ancestor", commit, "HEAD") is None:
        log.warning("warning: the champion's commit %s is not in HEAD: `git merge` its branch first", commit[:12])


def train(shell: Shell, attempt: Attempt, asked: Namespace) -> None:
    """Join the outcomes to the data, run the pipeline and commit; raises NothingNewError where that changes nothing."""
    tracked = worktree.asked(shell.project, "ls-files", "*.dvc").splitlines()
    if tracked:
        shell.run("dvc", "pull", "--quiet", *tracked)
    options = [*(["--until", asked.until] if asked.until else []), *["--mixed-base-rates"] * asked.mixed_base_rates]
    if shell.module("src.pipeline.refresh", *options, may=(0, NOTHING_NEW)) == NOTHING_NEW:
        raise NothingNewError("nothing new to train on")
    worktree.asked(shell.project, "add", "--all")
    if known := worktree.twin(shell.project, attempt.base, f"{PREFIX}*"):
        raise NothingNewError(f"nothing new to train on: branch {known} holds the same data")
    shell.run("dvc", "repro")
    log.info("retrain: git commit")
    worktree.asked(shell.project, "add", "--all")
    worktree.commit(shell.project, f"{branches.SUBJECT}{attempt.why}\n\nBy `python -m src.lineage.retrain`.")


def publish(shell: Shell, attempt: Attempt, state: Path, source: str | None) -> int:
    """Push, publish and report what a branch holds; return 0 where its gates would let it be promoted, else 1."""
    shell.run("dvc", "push")
    if source:  # first the branch: what is published must be in a history that others can read
        branches.push(shell.project, source, attempt.branch)
    found = shell.answer(REGISTRY, "publish", "--challenger", "--why", attempt.why, "--json")
    number, report = str(found["version"]), state.resolve() / f"validation-{found['version']}.html"
    stopped = shell.module(REGISTRY, "gates", number, may=(0, 1))
    shell.module(REGISTRY, "report", number, "--output", str(report))
    said = "a gate stops its promotion" if stopped else "its gates let it be promoted"
    alias = found["alias"] or "neither champion nor challenger"
    lines = [f"version {number}, {alias}, of branch {attempt.branch}: {said}", f"report: {report}"]
    if alias != "champion":  # the same form as the one that serves needs no promotion
        lines.append(f'to promote it: python -m {REGISTRY} promote {number} --why "…"')
    lines.append(f"afterwards: git merge {attempt.branch}, dvc checkout")
    sys.stdout.write("".join(f"{line}\n" for line in lines))
    return stopped


def main(arguments: Sequence[str] | None = None, root: Path = ROOT, settings: Settings | None = None) -> int:
    """Return the exit code; what stands in the way is one sentence on stderr."""
    asked = parser().parse_args(arguments)

    def answer() -> int:
        if not asked.why.strip():
            raise LineageError("--why: say why, in a few words: the commit and the chain keep it")
        try:
            return retrain(root, settings or read_settings(), asked)
        except NothingNewError as said:
            sys.stdout.write(f"{said}\n")
            return NOTHING_NEW

    return code_of(answer)


def command() -> None:
    """Be the command: what ends it leaves no worktree behind, unless it ends it at once."""
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: sys.exit(IMPOSSIBLE))
    sys.exit(main())


if __name__ == "__main__":
    run(command)
