"""Three promoters at once, each killed -9 at a random point, then one `reconcile`: a line of JSON a round

`python -m tests.lifecycle.promoters ROOT STATE TRACKING_URI ROUNDS SEED`. Everything is imported once; a promoter is a
fork that promotes and rolls back without end; the clock starts when all three have done something. The parent opens no
database and no connection.
"""

import json
import logging
import os
import random
import signal
import sys
import time
from collections.abc import Callable
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path

import boto3  # noqa: F401
import mlflow.store.model_registry.sqlalchemy_store
import mlflow.store.tracking.sqlalchemy_store  # noqa: F401

from src.lineage.audit import audited, pictured
from src.lineage.model_versions import opened_registry
from src.lineage.registry import main as registry
from src.lineage.settings import Settings
from src.lineage.storage import remote

PROMOTERS = 3
LONGEST = 1.5  # seconds that a promoter lives from then on, in which it promotes several times
WHY = ["--why", "w", "--json"]


def main() -> None:
    """Read the command line."""
    root, state, tracking_uri, rounds, seed = sys.argv[1:]
    settings = Settings(state=Path(state), tracking_uri=tracking_uri)
    chance = random.Random(int(seed))
    for _ in range(int(rounds)):
        killed = a_round(Path(root), settings, chance)
        code = os.waitstatus_to_exitcode(os.waitpid(forked(lambda: reconciled(Path(root), settings)), 0)[1])
        found = judged(Path(root), settings)
        sys.stdout.write(json.dumps({"killed": killed, "reconcile": code, **found}) + "\n")
        sys.stdout.flush()


def a_round(root: Path, settings: Settings, chance: random.Random) -> int:
    """Start the promoters, kill each at its time; return how many were killed in the middle of something."""
    reading, writing = os.pipe()
    seeds = [chance.random() for _ in range(PROMOTERS)]
    pids = [forked(lambda seed=seed: promote(root, settings, seed, writing)) for seed in seeds]
    os.close(writing)
    for _ in pids:
        os.read(reading, 1)
    os.close(reading)
    now = time.monotonic()
    ends = {pid: now + chance.uniform(0, LONGEST) for pid in pids}
    for pid, end in sorted(ends.items(), key=lambda item: item[1]):
        time.sleep(max(0.0, end - time.monotonic()))
        os.kill(pid, signal.SIGKILL)
    return sum(os.WIFSIGNALED(os.waitpid(pid, 0)[1]) for pid in ends)


def promote(root: Path, settings: Settings, seed: float, ready: int) -> None:
    """Promote and roll back, whatever comes of it, without end; say when it has begun."""
    chance = random.Random(seed)
    registry(["reconcile", "--json"], root, settings)
    os.write(ready, b".")
    while True:
        version = str(chance.choice((1, 2)))
        registry(chance.choice((["promote", version, "--force"], ["rollback", "--to", version])) + WHY, root, settings)


def reconciled(root: Path, settings: Settings) -> None:
    """Run the one command."""
    sys.exit(registry(["reconcile", "--json"], root, settings))


def judged(root: Path, settings: Settings) -> dict[str, object]:
    """Return what a walk finds."""
    reading, writing = os.pipe()

    def judge() -> None:
        audit = audited(remote(root))
        with opened_registry(settings, remote(root)) as found:
            pictured(found, audit)
        said = {"events": len(audit.events), "broken": audit.broken, "missing": audit.missing, "aliases": audit.aliases}
        os.write(writing, json.dumps(said).encode())

    os.waitpid(forked(judge), 0)
    os.close(writing)
    with os.fdopen(reading) as file:
        found: dict[str, object] = json.load(file)
    return found


def forked(work: Callable[[], None]) -> int:
    """Do it in a fork that says nothing; return its process."""
    pid = os.fork()
    if pid:
        return pid
    code = 2
    with Path(os.devnull).open("w") as nowhere, redirect_stdout(nowhere), redirect_stderr(nowhere):
        try:
            logging.disable()
            work()
            code = 0
        except SystemExit as ended:
            code = int(ended.code or 0)
        finally:
            os._exit(code)


if __name__ == "__main__":
    main()
