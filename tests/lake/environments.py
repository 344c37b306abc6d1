"""a lock of requirements -> the Python of an environment that has them and nothing of ours, made once a machine"""

import subprocess
import sys
from pathlib import Path

from ops.go_program import cache_folder
from src.files import digest

UV = Path(sys.executable).with_name("uv")


def environment(lock: Path) -> Path:
    """Return the program; uv takes each package by the hash in the lock."""
    folder = cache_folder() / f"readers-{digest(lock)[:16]}"
    python = folder / "bin" / "python"
    if not (folder / "made").exists():
        subprocess.run([UV, "venv", "--quiet", "--clear", "--python", sys.executable, folder], check=True)
        command = [UV, "pip", "install", "--quiet", "--require-hashes", "--python", python, "-r", lock]
        subprocess.run(command, check=True)
        (folder / "made").touch()
    return python
