"""ops/apt.txt -> Debian packages, installed as root with CI set, else named where missing (standard library only)"""

import os
import shutil
import subprocess
import sys
from pathlib import Path

LIST = Path(__file__).with_name("apt.txt")


def main() -> None:
    """Install what is missing where that is wanted; elsewhere say what the tests leave out."""
    needed = packages(LIST.read_text())
    left_out = missing(needed)
    if left_out and wanted():
        print(f"system packages: installing {', '.join(left_out)}")
        sys.exit(install(left_out))
    if left_out:
        print(f"system packages left out, not installed here: {', '.join(left_out)}")


def packages(text: str) -> list[str]:
    """Return the packages that a list names, without comments."""
    lines = (line.partition("#")[0].strip() for line in text.splitlines())
    return [line for line in lines if line]


def missing(needed: list[str]) -> list[str]:
    """Return those that are not installed; all of them where there is no dpkg."""
    if not needed or not shutil.which("dpkg-query"):
        return needed
    command = ["dpkg-query", "--show", "--showformat=${Package} ${db:Status-Status}\n", *needed]
    shown = subprocess.run(command, capture_output=True, text=True, check=False).stdout
    installed = {line.split()[0] for line in shown.splitlines() if line.endswith(" installed")}
    return [name for name in needed if name not in installed]


def wanted() -> bool:
    """Say whether this is a machine to install on: root, on Debian, with CI set."""
    return os.geteuid() == 0 and bool(os.environ.get("CI")) and shutil.which("apt-get") is not None


def install(names: list[str]) -> int:
    """Install packages and return the exit code."""
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    for command in (["apt-get", "update"], ["apt-get", "install", "--yes", "--no-install-recommends", *names]):
        code = subprocess.run([*command, "--quiet"], env=environment, check=False).returncode
        if code:
            return code
    return 0


if __name__ == "__main__":
    main()
