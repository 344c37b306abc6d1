"""Three promoters at once, each killed -9 at a random point, then one `reconcile`: a line of JSON a round

`python -m tests.lifecycle.promoters ROOT STATE TRACKING_URI ROUNDS SEED`. Everything is imported once; a promoter is a
fork that promotes and rolls back without end. The clock starts when all three have done something, and runs as long as
two commands took them. The parent opens no database and no connection.
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
from typing import Any

import boto3  # noqa: F401
import mlflow.store.model_registry.sqlalchemy_store
import mlflow.store.tracking.sqlalchemy_store  # noqa: F401

from src.errors import LastroError
from src.lineage import comparison, gates  # noqa: F401
from src.lineage.audit import audited, pictured
from src.lineage.commands import Desk
from src.lineage.model_versions import opened_registry
from src.lineage.registry import parser
from src.lineage.settings import Settings
from src.lineage.storage import remote

PROMOTERS = 3


def main() -> None:
    """Read the command line."""
    root, state, tracking_uri, rounds, seed = sys.argv[1:]
    settings = Settings(state=Path(state), tracking_uri=tracking_uri)
    chance = random.Random(int(seed))

    def desk() -> Desk:
        return Desk(Path(root), remote(Path(root)), settings)

    for _ in range(int(rounds)):
        killed = a_round(desk, chance)
        found = told(lambda: reconciled(desk()))
        sys.stdout.write(json.dumps({"killed": killed, **found}) + "\n")
        sys.stdout.flush()


def a_round(desk: Callable[[], Desk], chance: random.Random) -> int:
    """Start the promoters, kill each at its time; return how many were killed in the middle of something."""
    reading, writing = os.pipe()
    seeds = [chance.random() for _ in range(PROMOTERS)]
    pids = [forked(lambda seed=seed: promote(desk(), seed, writing)) for seed in seeds]
    os.close(writing)
    with os.fdopen(reading) as file:
        longest = 2 * max(float(file.readline()) for _ in pids)
    now = time.monotonic()
    ends = {pid: now + chance.uniform(0, longest) for pid in pids}
    for pid, end in sorted(ends.items(), key=lambda item: item[1]):
        time.sleep(max(0.0, end - time.monotonic()))
        os.kill(pid, signal.SIGKILL)
    return sum(os.WIFSIGNALED(os.waitpid(pid, 0)[1]) for pid in ends)


def promote(desk: Desk, seed: float, ready: int) -> None:
    """Promote and roll back, whatever comes of it, without end; write how long the second command took."""
    chance = random.Random(seed)
    for number in range(1_000_000):
        version, started = str(chance.choice((1, 2))), time.monotonic()
        done(desk, *chance.choice((["promote", version, "--force"], ["rollback", "--to", version])), "--why", "w")
        if number == 1:
            os.write(ready, f"{time.monotonic() - started}\n".encode())


def done(desk: Desk, *words: str) -> int:
    """Return a command's exit code."""
    asked = parser().parse_args(words)
    try:
        return int(asked.command(desk, asked).code)
    except LastroError:
        return 2


def reconciled(desk: Desk) -> dict[str, Any]:
    """Run the one command, then return what a walk finds."""
    code, audit = done(desk, "reconcile"), audited(desk.place)
    with opened_registry(desk.settings, desk.place) as registry:
        pictured(registry, audit)
    found = {"events": len(audit.events), "broken": audit.broken, "missing": audit.missing, "aliases": audit.aliases}
    return {"reconcile": code, **found}


def told(work: Callable[[], dict[str, Any]]) -> dict[str, Any]:
    """Return what a fork finds."""
    reading, writing = os.pipe()
    pid = forked(lambda: (os.write(writing, json.dumps(work()).encode()), None)[1])
    os.close(writing)
    with os.fdopen(reading) as file:
        found: dict[str, Any] = json.load(file)
    os.waitpid(pid, 0)
    return found


def forked(work: Callable[[], None]) -> int:
    """Do it in a fork that says nothing; return its process."""
    pid = os.fork()
    if pid:
        return pid
    with Path(os.devnull).open("w") as nowhere, redirect_stdout(nowhere), redirect_stderr(nowhere):
        try:
            logging.disable()
            work()
        finally:
            os._exit(0)


if __name__ == "__main__":
    main()
