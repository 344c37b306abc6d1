"""every supported Python on this machine + the last commit -> does each make the identical dvc.lock? (`make reproduce`)

For each Python of 3.11 to 3.13 that is on PATH: a clone, an environment of its own, `dvc repro --force`, and what Git
says has changed by it. Threads, time zone and hash seed are other ones than those of the test that does this once
(tests/pipeline/test_determinism.py). Takes some minutes; standard library only.
"""

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from ops.deployment import ROOT
from ops.errors import run

PYTHONS = ("3.11", "3.12", "3.13")
THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")
USUAL = {"PYTHONHASHSEED": "0", "TZ": "America/Sao_Paulo", **dict.fromkeys(THREADS, "1")}


def main() -> None:
    """Try every Python; exit code 1 where one makes other bytes or cannot run, with CI set also where one is absent."""
    if subprocess.run(["git", "diff", "--quiet", "HEAD"], cwd=ROOT, check=False).returncode:
        print("note: the last commit is tried, without your uncommitted changes")
    found = {version: python for version in PYTHONS if (python := interpreter(version))}
    for version in PYTHONS:
        if version not in found:
            print(f"Python {version}: not on PATH, left out")
    results = {version: reproduces(version, python) for version, python in found.items()}
    for version, differing in results.items():
        print(f"Python {version}: {'differs: ' + ', '.join(differing) if differing else 'identical'}")
    wanted = PYTHONS if os.environ.get("CI") else PYTHONS[:1]
    sys.exit(any(results.values()) or len(results) < len(wanted))


def interpreter(version: str) -> str | None:
    """Return the path of that Python, None where there is none that runs."""
    path = shutil.which(f"python{version}")
    code = "import sys; print(*sys.version_info[:2], sep='.')"
    done = path and subprocess.run([path, "-c", code], capture_output=True, text=True, check=False)
    return path if done and done.returncode == 0 and done.stdout.strip() == version else None


def reproduces(version: str, python: str) -> list[str]:
    """Run the pipeline in a clone with that Python; return the committed files that came out otherwise."""
    with tempfile.TemporaryDirectory(prefix=f"lastro-{version}-") as folder:
        clone, venv = Path(folder) / "clone", Path(folder) / "venv"
        path = f"{venv / 'bin'}{os.pathsep}{os.environ['PATH']}"
        environment = {**os.environ, **USUAL, "VENV": str(venv), "PATH": path}
        for command in (
            ["git", "clone", "--quiet", str(ROOT), str(clone)],
            [python, "-m", "ops.bootstrap"],
            [str(venv / "bin" / "dvc"), "repro", "--force", "--quiet"],
        ):
            where = ROOT if command[0] == "git" else clone
            if subprocess.run(command, cwd=where, env=environment, check=False).returncode:
                return [f"`{' '.join(command)}` failed"]
        changed = ["git", "diff", "--name-only", "HEAD"]
        return subprocess.run(changed, cwd=clone, capture_output=True, text=True, check=True).stdout.splitlines()


if __name__ == "__main__":
    run(main)
