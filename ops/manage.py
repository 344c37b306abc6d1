"""`python -m ops.manage start|stop|status|logs` the services of this checkout (standard library only)"""

import subprocess
import sys

from ops import lifecycle, services
from ops.bootstrap import check_environment
from ops.deployment import Deployment, load
from ops.errors import SetupError, run


def main() -> None:
    """Do what the first argument says."""
    commands = {"start": start, "stop": stop, "status": status, "logs": logs}
    commands[sys.argv[1]](load())


def start(deployment: Deployment) -> None:
    """Start all that `make run` has once brought up, and wait for nothing."""
    check_environment(deployment.venv)
    possible = services.installed(lifecycle.startable(deployment))
    server = lifecycle.begin(deployment, possible)
    for service in possible:
        lifecycle.start(deployment, server, service)


def stop(deployment: Deployment) -> None:
    """End everything that runs, supervisord too."""
    stopped = lifecycle.stop(deployment)
    print(f"stopped: {', '.join(stopped)}" if stopped else "nothing was running")


def status(deployment: Deployment) -> None:
    """Print a line a service: its state, its address, and what supervisord says of it."""
    known = lifecycle.states(deployment)
    for service in services.of(deployment):
        state, description = known.get(service.name, ("STOPPED", ""))
        if state in {"RUNNING", "STARTING"}:  # supervisord sees the process, the user wants an answer
            state = "RUNNING" if service.healthy(deployment) else "NO ANSWER"
        print(f"{service.name:8} {state:12} {service.address(deployment):24} {description}".rstrip())


def logs(deployment: Deployment) -> None:
    """Print the end of each log, and follow them where a terminal reads."""
    files = sorted(str(path) for path in (deployment.state / "log").glob("*.log"))
    if not files:
        raise SetupError("There are no logs yet: `make run` starts the services.")
    subprocess.run(["tail", "-n", "20", *(["-f"] if sys.stdout.isatty() else []), *files], check=False)


if __name__ == "__main__":
    run(main)
