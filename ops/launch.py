"""`python -m ops.launch ROOT NAME`: become one service, holding the lock that no second one on its data gets

The supervisor's command for every service. The lock lives as long as the server, because the server inherits it;
so it also tells whether a service outlived a killed supervisor.
"""

import fcntl
import os
import sys
from pathlib import Path

from ops.deployment import Deployment, load
from ops.errors import SetupError, run
from ops.services import named


def main() -> None:
    """Take the lock, leave the pid in it, and become the server."""
    deployment, service = load(Path(sys.argv[1])), named(sys.argv[2])
    command, environment = service.command(deployment), service.environment(deployment)
    os.set_inheritable(lock(deployment, service.name), True)
    os.execve(command[0], command, environment)  # noqa: S606


def lock_path(deployment: Deployment, name: str) -> Path:
    """Return the file that the running service of this name holds locked."""
    return deployment.state / "run" / f"{name}.lock"


def lock(deployment: Deployment, name: str) -> int:
    """Return the held lock's file descriptor; raises SetupError where another server has it."""
    descriptor = os.open(lock_path(deployment, name), os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        holder = os.read(descriptor, 20).decode()
        os.close(descriptor)
        raise SetupError(
            f"{name} is already running on {deployment.state} (process {holder}): `make stop` ends it."
        ) from None
    os.ftruncate(descriptor, 0)
    os.write(descriptor, str(os.getpid()).encode())
    return descriptor


def holder(deployment: Deployment, name: str) -> int | None:
    """Return the pid of the running service of this name, None where it does not run."""
    try:
        with lock_path(deployment, name).open() as file:
            try:
                fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
            except BlockingIOError:
                return int(file.read() or 0) or None
    except FileNotFoundError:
        pass
    return None


if __name__ == "__main__":
    run(main)
