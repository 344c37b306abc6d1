"""src/serving/kernel.c -> a shared object beside it, by this machine's C compiler (standard library only)

Nothing is compiled twice, and nothing of a former source is loaded: a file's name holds its source's hash.
LASTRO_KERNEL names a folder in which one may lie ready. Where none can be made, that is no error: numpy computes the
same.
"""

import os
import shlex
import shutil
import subprocess
import tempfile
from pathlib import Path

from ops.errors import run, sentence
from src.serving import kernel

FLAGS = ("-O3", "-std=c99", "-fPIC", "-shared", "-s")


def main() -> None:
    """Compile the kernel where there is none that loads, or say why it is left out."""
    folder = kernel.SOURCE.parent
    if kernel.load(folder) is None and (failed := build(folder)):
        print(f"kernel left out, trees are summed by numpy, which takes longer: {failed}")


def build(folder: Path, flags: tuple[str, ...] = FLAGS) -> str:
    """Put the kernel into a folder, whole or not at all; return what went wrong."""
    try:
        with tempfile.TemporaryDirectory(dir=folder, prefix="kernel-") as apart:
            made = Path(apart) / "kernel.so"
            if ready := _ready():
                shutil.copy(ready, made)
            elif failed := _compile(made, flags):
                return failed
            _replace(folder, made)
    except OSError as error:
        return sentence(error)
    return "" if kernel.load(folder) else "what was made cannot be loaded here"


def _ready() -> Path | None:
    """Return the kernel of this source that lies ready, if one does."""
    found = Path(os.environ.get("LASTRO_KERNEL", os.devnull)).glob(f"kernel-{kernel.digits(kernel.SOURCE)}-*.so")
    return next(filter(kernel.opened, found), None)


def _compile(made: Path, flags: tuple[str, ...]) -> str:
    """Compile the kernel; return what went wrong."""
    compiler = shlex.split(os.environ.get("CC", "")) or ["cc"]
    if shutil.which(compiler[0]) is None:
        return f"there is no C compiler `{compiler[0]}` (on Debian or Ubuntu, `apt install gcc libc6-dev`)"
    command = [*compiler, *flags, "-o", str(made), str(kernel.SOURCE)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        return f"`{compiler[0]}` failed: {_why(done.stderr) or f'exit code {done.returncode}'}"
    return ""


def _why(said: str) -> str:
    """Return the first error of a compiler's words, or the last of them."""
    lines = [line.strip() for line in said.splitlines() if line.strip()]
    return next((line for line in lines if "error" in line), lines[-1] if lines else "")


def _replace(folder: Path, made: Path) -> None:
    """Give what was made its name, and remove what was made of other sources."""
    prefix = f"kernel-{kernel.digits(kernel.SOURCE)}-"
    made.replace(folder / f"{prefix}{kernel.digits(made)}.so")
    for former in folder.glob("kernel-*.so"):
        if not former.name.startswith(prefix):
            former.unlink(missing_ok=True)


if __name__ == "__main__":
    run(main)
