"""`make run`: a fresh clone -> environment, services, pipeline, published model, one answer (standard library only)"""

import contextlib
import fcntl
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Iterator

from ops import bootstrap, configure, kernel, lifecycle, minio, services
from ops.deployment import ROOT, Deployment, load
from ops.errors import SetupError, run
from ops.services import Service

INPUTS = ("src", "data", "dvc.yaml", "params.yaml")


def main() -> None:
    """Run every step in its order, then say how to ask for a score and what came of that."""
    sys.stdout.reconfigure(line_buffering=True)  # type: ignore[union-attr]
    started = time.monotonic()
    try:
        bootstrap.check_python()
        configure.main()
        deployment = load()
        with _alone(deployment):
            command, answer = _run(deployment)
    except KeyboardInterrupt:
        sys.exit("make run: interrupted; what was started goes on, `make stop` ends it.")
    print(f"\nTo score an applicant:\n  {command}")
    print(f"\nAll done in {time.monotonic() - started:.0f} s. The API's answer to just that:")
    print(answer)


def _run(deployment: Deployment) -> list[str]:
    """Go from the environment to the answer; return the command that asks for it, and the answer.

    The pipeline needs no store: where MinIO must be built first, which takes minutes, it runs beside that.
    """
    chosen = lifecycle.startable(deployment)
    with bootstrap.minio_build(wanted=services.MINIO in chosen) as building:
        with _step("environment"):
            bootstrap.make_environment(deployment.venv, print)
            kernel.main()
        if not building:
            _store(deployment, chosen)
        _up(deployment, chosen, lambda service: service is not services.MINIO and not service.needs_model)
        with _step("dvc repro"):
            _call(deployment, "dvc", "repro")
            _compare_lock()
        if building and minio.find() is None:
            print("── waiting for MinIO's build")
    if building:
        _store(deployment, chosen)
    published = _publish(deployment)
    _up(deployment, chosen, lambda service: service is services.DELIVERY)
    _up(deployment, chosen, lambda service: service.needs_model and service is not services.DELIVERY)
    _summary(deployment, chosen)
    print(_challenger(published), end="")
    return _ask_for_one(deployment)


def _store(deployment: Deployment, chosen: list[Service]) -> None:
    """Bring up MinIO and make the bucket; where MinIO is not possible, it leaves `chosen` and a directory stands in."""
    if services.MINIO in chosen and minio.find() is None:
        print("MinIO is not possible here: DVC's remote is a directory in the state's folder instead.")
        chosen.remove(services.MINIO)
        configure.write_remote(deployment, directory=True)
    _up(deployment, chosen, lambda service: service is services.MINIO)
    with _step("the place of DVC's objects"):
        _call(deployment, "python", "-m", "src.lineage.storage")


def _publish(deployment: Deployment) -> dict[str, str | None]:
    """Push and publish; return what the registry says of this folder's model: its version, the champion's."""
    with _step("dvc push"):
        _call(deployment, "dvc", "push")
    with _step("publish"):
        said = _call(deployment, "python", "-m", "src.lineage.registry", "publish", "--json", passed=False)
    published: dict[str, str | None] = json.loads(said)
    return published


def _up(deployment: Deployment, chosen: Iterable[Service], now: Callable[[Service], bool]) -> None:
    """Start those services that `now` names and wait for each; those that run with a former configuration end first."""
    possible = services.installed(chosen)
    server = lifecycle.begin(deployment, possible)
    for service in (wanted := [service for service in possible if now(service)]):
        lifecycle.start(deployment, server, service)
    for service in wanted:
        with _step(": ".join(filter(None, (service.title, service.address(deployment))))):
            lifecycle.wait(deployment, server, service)


@contextlib.contextmanager
def _step(title: str) -> Iterator[None]:
    """Say what begins, and afterwards how long it took."""
    print(f"── {title}")
    started = time.monotonic()
    yield
    print(f"   {time.monotonic() - started:.1f} s")


@contextlib.contextmanager
def _alone(deployment: Deployment) -> Iterator[None]:
    """Hold the lock of this state's folder; raises SetupError where another `make run` has it."""
    path = deployment.state / "run" / "make-run.busy"
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise SetupError("another `make run` of this folder is in progress.") from None
        yield


def _call(deployment: Deployment, program: str, *arguments: str, passed: bool = True) -> str:
    """Run a program of the environment, what it prints passed through or else returned; raises SetupError."""
    python = str(deployment.venv / "bin" / "python")
    command = [python, *arguments] if program == "python" else [python, "-m", program, *arguments]
    stdout = None if passed else subprocess.PIPE
    done = subprocess.run(command, cwd=ROOT, env=deployment.environment(), check=False, stdout=stdout, text=True)
    if done.returncode:
        raise SetupError(
            f"`{' '.join([program, *arguments])}` failed with exit code {done.returncode}; what it said stands above."
        )
    return done.stdout or ""


def _challenger(published: dict[str, str | None]) -> str:
    """Return what to type where this folder's model is another than the champion; nothing where it is that."""
    version, champion = published["version"], published["champion"]
    if version == champion:
        return ""
    line = f'python -m src.lineage.registry promote {version} --why "..."'
    return f"\nThe champion is version {champion}, which answers; this folder's model is version {version}:\n  {line}\n"


def _compare_lock() -> None:
    """Say so where this machine computes other bytes than the one that committed dvc.lock."""
    if _differs("dvc.lock") and not _differs(*INPUTS):
        print(
            "   dvc.lock differs from the committed one: this platform rounds differently, with the same metrics to "
            "three digits, or it was committed without `dvc repro`."
        )


def _differs(*paths: str) -> bool:
    """Say whether Git sees these changed; without Git nothing is."""
    with contextlib.suppress(OSError):
        git = ["git", "diff", "--quiet", "HEAD", "--", *paths]
        return subprocess.run(git, cwd=ROOT, check=False, stderr=subprocess.DEVNULL).returncode == 1
    return False


def _summary(deployment: Deployment, chosen: Iterable[Service]) -> None:
    """Print the test metrics, the addresses and how to go on."""
    print("\nTest split (95 % interval; base rate):")
    for name, found in json.loads((ROOT / "models" / "evaluation.json").read_text())["metrics"].items():
        low, high, baseline = (f"{found[key]:.3f}" for key in ("low", "high", "baseline"))
        print(f"  {name:14} {found['value']:.3f}  ({low} to {high}; {baseline})")
    print("\nWhere everything is:")
    for service in (listening for listening in chosen if listening.port):
        print(f"  {service.title:26} {service.address(deployment)}")
    print(f"  {'its description, to try it':26} {deployment.address('API_PORT')}/docs")
    if services.MINIO in chosen:
        print(f"  {'its object browser':26} {deployment.address('MINIO_CONSOLE_PORT')} (user and password: .env)")
    print(f"  {'model, card, evaluation':26} models/, MODEL_CARD.md, reports/")
    print(f"  {'data, runs, logs':26} {os.path.relpath(deployment.state, ROOT)}/ (`make logs`, `make status`)")
    venv = os.environ.get("VENV", ".venv")
    prefix = "" if venv == ".venv" else f"VENV={venv} "
    print(f"\nTo work here:  {prefix}. ./activate")


def _ask_for_one(deployment: Deployment) -> list[str]:
    """Return a command that asks for one applicant of the test split, and the answer, one line of JSON."""
    command = [str(deployment.venv / "bin" / "python"), "-m", "ops.answer"]
    done = subprocess.run(
        command, cwd=ROOT, env=deployment.environment(), stdout=subprocess.PIPE, text=True, check=False
    )
    if done.returncode:
        raise SetupError("no answer could be given; what went wrong stands above.")
    return done.stdout.splitlines()


if __name__ == "__main__":
    run(main, "make run: ")
