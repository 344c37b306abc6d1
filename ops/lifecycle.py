"""services -> running ones, healthy or refused with a sentence; and their end (standard library only)"""

import contextlib
import os
import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Iterable
from pathlib import Path

from ops import ports, services
from ops.deployment import ROOT, Deployment
from ops.errors import SetupError
from ops.launch import holder
from ops.services import Service
from ops.supervisord import Supervisord, ask, log_path, render

PATIENCE = 20.0  # seconds for a stop; supervisord kills a service after 10
UP = {"RUNNING", "STARTING", "BACKOFF", "EXITED"}  # what has exited is started again by itself


def states(deployment: Deployment) -> dict[str, tuple[str, str]]:
    """Return state and description of every service that supervisord knows."""
    server = ask(deployment)
    known = server.call("getAllProcessInfo") if server else []
    return {info["name"]: (info["statename"], info["description"]) for info in known}


def startable(deployment: Deployment) -> list[Service]:
    """Return the services to run here, before anything slow is done.

    A MinIO that answers with our credentials is taken as it is. Services that outlived a killed supervisord are ended.
    Raises SetupError where a port is taken.
    """
    if ask(deployment) is None:
        end_orphans(deployment)
    known, wanted = states(deployment), services.of(deployment)
    for service in list(wanted):
        if known.get(service.name, ("",))[0] in UP:
            continue
        if service is services.MINIO and ports.refuse_foreign_store(deployment):
            wanted.remove(service)
            continue
        _refuse_taken_ports(deployment, service)
    return wanted


def begin(deployment: Deployment, chosen: Iterable[Service]) -> Supervisord:
    """Bring supervisord up with the configuration of now; what runs with a former one is ended."""
    for folder in ("run", "log", "minio", "mlflow/artifacts"):
        (deployment.state / folder).mkdir(parents=True, exist_ok=True)
    _own_folder(deployment.socket.parent)
    configuration = deployment.state / "run" / "supervisord.conf"
    configuration.write_text(render(deployment, chosen))
    if server := ask(deployment):
        _reload(server)
        return server
    command = [str(deployment.venv / "bin" / "python"), "-m", "supervisor.supervisord", "-c", str(configuration)]
    started = subprocess.run(command, capture_output=True, text=True, check=False, cwd=ROOT)
    if (server := ask(deployment)) is None:
        raise SetupError(f"supervisord does not start: {(started.stderr or started.stdout).strip()}")
    return server


def start(deployment: Deployment, server: Supervisord, service: Service) -> None:
    """Start a service unless it runs; raises SetupError where one of its ports is taken."""
    if server.call("getProcessInfo", service.name)["statename"] in UP:
        return
    _refuse_taken_ports(deployment, service)
    server.call("startProcess", service.name, False)


def wait(deployment: Deployment, server: Supervisord, service: Service) -> None:
    """Wait until a service is healthy; raises SetupError with its last word where it is not."""
    deadline = time.monotonic() + service.patience
    while not service.healthy(deployment):
        state = server.call("getProcessInfo", service.name)["statename"]
        if state not in UP or time.monotonic() > deadline:
            log = log_path(deployment, service.name)
            said = "\n".join(log.read_text(errors="replace").strip().splitlines()[-2:]) or "nothing"  # cause and end
            raise SetupError(f"{service.title} does not start; its log {log} ends with: {said}")
        time.sleep(0.1)


def stop(deployment: Deployment) -> list[str]:
    """Stop supervisord and every service, orphans too; return the names of what was stopped."""
    stopped = []
    if server := ask(deployment):
        stopped = [name for name, (state, _) in states(deployment).items() if state in UP]
        pid = server.call("getPID")
        server.call("shutdown")
        _await(lambda: not _alive(pid))
    if deployment.socket.parent != deployment.state / "run":
        shutil.rmtree(deployment.socket.parent, ignore_errors=True)
    return stopped + end_orphans(deployment)


def end_orphans(deployment: Deployment) -> list[str]:
    """End services that run without supervisord, with their children; return their names."""
    names = [path.stem for path in (deployment.state / "run").glob("*.lock")]
    running = {name: pid for name in names if (pid := holder(deployment, name))}
    for sign in (signal.SIGTERM, signal.SIGKILL):
        for name, pid in running.items():
            if holder(deployment, name):
                _signal(pid, sign)
        if _await(lambda: not any(holder(deployment, name) for name in running)):
            break
    return list(running)


def _refuse_taken_ports(deployment: Deployment, service: Service) -> None:
    for variable in filter(None, (service.port, *service.other_ports)):
        ports.refuse_taken(deployment, variable, service.title)


def _signal(pid: int, sign: signal.Signals) -> None:
    """Signal a service with its children, or alone where it does not lead a group."""
    try:
        os.killpg(pid, sign)
    except ProcessLookupError:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, sign)


def _reload(server: Supervisord) -> None:
    """Let supervisord read its configuration again and end what has changed or gone."""
    [[added, changed, removed]] = server.call("reloadConfig")
    for name in changed + removed:
        server.call("stopProcessGroup", name)
        server.call("removeProcessGroup", name)
    for name in added + changed:
        server.call("addProcessGroup", name)


def _own_folder(path: Path) -> None:
    """Make the socket's folder, for this user alone; raises SetupError where it is another's."""
    path.mkdir(mode=0o700, parents=True, exist_ok=True)
    if path.stat().st_uid != os.getuid():
        raise SetupError(f"{path} belongs to another user: set LASTRO_STATE in .env to a folder of your own.")


def _alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def _await(done: Callable[[], bool]) -> bool:
    """Return whether this came true within the patience."""
    deadline = time.monotonic() + PATIENCE
    while not (came := done()) and time.monotonic() < deadline:
        time.sleep(0.05)
    return came
