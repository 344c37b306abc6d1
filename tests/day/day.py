"""a folder -> a newcomer's clone in it: commands as they are typed there, and its services as others ask them"""

import os
import re
import socket
import subprocess
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx

from ops import client
from ops.deployment import PORTS
from tests.conftest import OURS, ROOT

PATIENCE = 120.0  # seconds until what was promoted answers
WHO = {
    "GIT_AUTHOR_NAME": "Newcomer",
    "GIT_AUTHOR_EMAIL": "newcomer@example.org",
    "GIT_COMMITTER_NAME": "Newcomer",
    "GIT_COMMITTER_EMAIL": "newcomer@example.org",
}


class DayError(AssertionError):
    """Something that a newcomer is promised did not happen."""


@dataclass
class Day:
    """A newcomer's clone below `folder`, and what one step leaves for the next."""

    folder: Path
    ports: Mapping[str, str]
    left: dict[str, Any] = field(default_factory=dict)

    @property
    def root(self) -> Path:
        """Return the clone."""
        return self.folder / "lastro"

    def typed(self, command: str, *, codes: tuple[int, ...] = (0,), activated: bool = True, **env: str) -> str:
        """Return what a line prints that is typed in the clone; raises DayError where it ends with another code."""
        kept = {name: value for name, value in os.environ.items() if not name.startswith(OURS)}
        line = f". ./activate && {command}" if activated else command
        done = subprocess.run(
            ["sh", "-c", line],
            cwd=self.root if self.root.is_dir() else self.folder,
            env=kept | WHO | self.ports | env,
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode not in codes:
            raise DayError(f"`{command}` ended with {done.returncode}:\n{(done.stdout + done.stderr)[-2000:]}")
        return done.stdout

    def client(self, **headers: str) -> httpx.Client:
        """Return a client of the API; the key is the newcomer's own unless headers say otherwise."""
        own = headers or {"x-api-key": client.read(self.root)["api_key"]}
        return httpx.Client(base_url=self.address("API_PORT"), headers=own, timeout=30)

    def address(self, port: str) -> str:
        """Return where a service is, by the variable of its port."""
        return f"http://127.0.0.1:{self.ports[port]}"

    def answers(self, version: str) -> None:
        """Wait until the API answers by this version."""
        with self.client() as api:
            until(lambda: str(api.get("/model/info").json()["model"]["version"]) == version, f"version {version}")


def until(check: Callable[[], bool], what: str) -> None:
    """Return when `check` says yes; raises DayError where it does not in time."""
    end = time.monotonic() + PATIENCE
    while not check():
        if time.monotonic() > end:
            raise DayError(f"{what}: not within {PATIENCE:.0f} s")
        time.sleep(0.2)


def free_ports() -> dict[str, str]:
    """Return the variables of ports on which nobody listens."""
    listeners = [socket.create_server(("127.0.0.1", 0)) for _ in PORTS]
    try:
        return {name: str(each.getsockname()[1]) for name, each in zip(PORTS, listeners, strict=True)}
    finally:
        for each in listeners:
            each.close()


def told(document: str, language: str, first: str) -> str:
    """Return the block of a document that is in this language and begins with this word."""
    text = (ROOT / "docs" / document).read_text(encoding="utf-8")
    blocks = re.findall(rf"```{language}\n(.*?)```", text, re.DOTALL)
    return next(block for block in blocks if block.lstrip().startswith(first))
