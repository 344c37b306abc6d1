"""requirements.txt -> the environment ($VENV, default .venv), with builds of Go beside it (standard library only)"""

import contextlib
import hashlib
import importlib.util
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path

from ops import kustomize, minio
from ops.deployment import ROOT
from ops.errors import SetupError, run, sentence

OLDEST, NEWEST = (3, 11), (3, 14)
REQUIREMENTS = ROOT / "requirements.txt"
STAMP = "lastro.stamp"  # in the environment: what was installed into it

Say = Callable[[str], None]


def main() -> None:
    """Make the environment; with `--minio`, `--kustomize`, build that beside it where there is none."""
    check_python()
    asked = sys.argv[1:]
    with minio_build(wanted="--minio" in asked), kustomize_build(wanted="--kustomize" in asked):
        make_environment(ROOT / os.environ.get("VENV", ".venv"), print)


def minio_build(*, wanted: bool) -> AbstractContextManager[bool]:
    """Build MinIO beside what happens inside, where it is wanted and there is none; yields whether it does."""
    return _build_beside("ops.minio", needed=wanted and not minio.find())


def kustomize_build(*, wanted: bool) -> AbstractContextManager[bool]:
    """Build kustomize beside what happens inside, where it is wanted and nothing can do its work."""
    return _build_beside("ops.kustomize", needed=wanted and not kustomize.find())


@contextlib.contextmanager
def _build_beside(module: str, *, needed: bool) -> Iterator[bool]:
    """Run a module that builds its program beside what happens inside; yields whether it does.

    At the end it waits for the build, whose failure is no error here: `find` tells. What fails inside ends it.
    """
    if not needed:
        yield False
        return
    with subprocess.Popen([sys.executable, "-u", "-m", module], cwd=ROOT) as build:
        try:
            yield True
        except BaseException:
            build.terminate()
            raise


def check_python(
    version: tuple[int, ...] = sys.version_info[:2], modules: tuple[str, ...] = ("venv", "ensurepip")
) -> None:
    """Raise SetupError where this Python cannot make the environment."""
    if not OLDEST <= version <= NEWEST:
        found = ".".join(map(str, version))
        raise SetupError(f"Python 3.11 to 3.14 is needed, this is {found}: name another one, `make run PYTHON=…`.")
    if missing := [name for name in modules if importlib.util.find_spec(name) is None]:
        raise SetupError(
            f"This Python has no {' and no '.join(missing)} module: on Debian or Ubuntu, `apt install python3-venv`."
        )


def make_environment(venv: Path, say: Say) -> None:
    """Install exactly requirements.txt into `venv`, unless that has been done; one that was moved is made anew."""
    stamp, wanted = venv / STAMP, _stamp(venv)
    python = venv / "bin" / "python"
    if os.access(python, os.X_OK) and stamp.is_file() and stamp.read_text() == wanted:
        return
    if made_in(venv) not in (None, venv.resolve()):
        shutil.rmtree(venv / "bin", ignore_errors=True)  # its programs start the Python of the former folder
    stamp.unlink(missing_ok=True)
    say(f"environment: installing into {venv.name}, once (about a minute)")
    if not _works(python):
        base = getattr(sys, "_base_executable", sys.executable)
        _check(_run([base, "-m", "venv", "--clear", str(venv)]), "the environment cannot be made")
    failed = _install_uv(python) or _sync(venv, say)
    if failed:
        say(f"environment: uv does not do it here ({failed}), now with pip (about 3 minutes)")
        _check(_run(_pip(python, REQUIREMENTS)), "the environment cannot be installed")
    stamp.write_text(wanted)


def check_environment(venv: Path) -> None:
    """Raise SetupError where the programs of `venv` cannot run: none were installed, or it lay elsewhere then."""
    if not os.access(venv / "bin" / "python", os.X_OK):
        raise SetupError(f"There is no environment in {venv}: `make run` makes it.")
    if (former := made_in(venv)) not in (None, venv.resolve()):
        raise SetupError(f"The environment {venv} was made in {former} and does not work here: `make run` renews it.")


def made_in(venv: Path) -> Path | None:
    """Return the folder for which an environment was made, which its programs name; None where nothing says so."""
    stamp = venv / STAMP
    return Path(stamp.read_text().strip().partition(" ")[2]).resolve() if stamp.is_file() else None


def _stamp(venv: Path) -> str:
    return f"{hashlib.sha256(REQUIREMENTS.read_bytes()).hexdigest()} {venv.resolve()}\n"


def _works(python: Path) -> bool:
    fits = f"import sys; sys.exit(not {OLDEST} <= sys.version_info[:2] <= {NEWEST})"
    return os.access(python, os.X_OK) and not _run([str(python), "-c", fits])


def _install_uv(python: Path) -> str:
    """Install the uv of requirements.txt, with its hashes; return what went wrong."""
    blocks = REQUIREMENTS.read_text().replace("\\\n", "").splitlines()
    pinned = next(line for line in blocks if line.startswith("uv=="))
    if _run([str(python), "-m", "pip", "--version"]):  # an environment that uv made has no pip
        _run([str(python), "-m", "ensurepip"])
    with tempfile.TemporaryDirectory() as folder:
        only_uv = Path(folder) / "uv.txt"
        only_uv.write_text(pinned.replace("--hash", "\\\n--hash") + "\n")
        return _run(_pip(python, only_uv))


def _pip(python: Path, requirements: Path) -> list[str]:
    return [str(python), "-m", "pip", "install", "--quiet", "--require-hashes", "--no-deps", "-r", str(requirements)]


def _sync(venv: Path, say: Say) -> str:
    """Let uv install everything, showing its steps but not each package; return what went wrong.

    Python compiles what it imports, once; compiling everything beforehand would take a minute of two cores.
    """
    command = [str(venv / "bin" / "uv"), "pip", "sync", "--require-hashes", str(REQUIREMENTS)]
    last = ""
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True, env=_environment(venv)) as sync:
        for line in sync.stderr or ():
            if line[:1].strip() and not line.startswith("Using "):
                last = line.strip()
                say(f"environment: {last}")
    return last if sync.returncode else ""


def _run(command: list[str]) -> str:
    """Run a command quietly; return its last words where it failed, or why it cannot be started."""
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False, env=_environment(None))
    except OSError as error:
        return sentence(error)
    words = (done.stderr.strip() or done.stdout.strip() or f"exit code {done.returncode}").splitlines()
    return words[-1] if done.returncode else ""


def _environment(venv: Path | None) -> dict[str, str]:
    """Return the environment without what keeps Python from compiling, or pip and uv from using this venv."""
    unwanted = {"PYTHONDONTWRITEBYTECODE", "PYTHONHOME", "VIRTUAL_ENV", "PIP_TARGET", "PIP_PREFIX", "PIP_USER"}
    inherited = {name: value for name, value in os.environ.items() if name not in unwanted}
    return {**inherited, "VIRTUAL_ENV": str(venv)} if venv else inherited


def _check(failure: str, what: str) -> None:
    if failure:
        raise SetupError(f"{what}: {failure}")


if __name__ == "__main__":
    run(main)
