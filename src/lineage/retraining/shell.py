"""a command of the project -> run in a worktree, its words passed on"""

import json
import logging
import os
import signal
import subprocess
import sys
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from src.lineage.lock import LineageError

log = logging.getLogger(__name__)

REGISTRY = "src.lineage.registry"


@dataclass(frozen=True)
class Shell:
    """A project's folder, the environment of its commands, and the lock that each holds while it runs."""

    project: Path
    variables: Mapping[str, str]
    lock: int

    def module(self, *words: str, may: Collection[int] = (0,)) -> int:
        """Run `python -m` with these words; return as `run` does."""
        return self.run(sys.executable, "-m", *words, may=may)

    def run(self, *command: str, may: Collection[int] = (0,)) -> int:
        """Run a command and return its exit code; raises LineageError for one that it may not end with."""
        return self._ended(command, may, None)[0]

    def answer(self, *words: str) -> Any:
        """Return the JSON that `python -m` with these words prints; raises LineageError where it fails."""
        return json.loads(self._ended((sys.executable, "-m", *words), (0,), subprocess.PIPE)[1])

    def _ended(self, command: tuple[str, ...], may: Collection[int], out: int | None) -> tuple[int, str]:
        shown = " ".join(command).replace(f"{sys.executable} -m", "python -m")
        log.info("retrain: %s", shown)
        with subprocess.Popen(  # noqa: S603 (no shell)
            command, cwd=self.project, env=self.variables, stdout=out, text=True, pass_fds=(self.lock,),
            start_new_session=True,
        ) as process:  # fmt: skip
            try:
                said = process.communicate()[0] or ""
            finally:
                if process.poll() is None:  # this process was told to end: its command's own commands with it
                    os.killpg(process.pid, signal.SIGTERM)
        if process.returncode not in may:
            raise LineageError(f"`{shown}` ended with {process.returncode}")
        return process.returncode, said
