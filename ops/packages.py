"""ops/apt.txt, package-lock.json -> what tests need besides Python's packages, or its names (standard library only)

Debian's packages are installed as root with CI set; npm's wherever npm is. What is missing is named, and left out.
"""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

from ops.deployment import ROOT
from ops.errors import run

LIST = Path(__file__).with_name("apt.txt")
BROWSER = ROOT / "tests" / "browser"


def main() -> None:
    """Install what is missing where that is wanted; elsewhere say what the tests leave out."""
    system()
    npm_packages(BROWSER)


def system() -> None:
    """Install Debian's packages, or name those left out; exits where their installation fails."""
    left_out = missing(packages(LIST.read_text()))
    if left_out and wanted():
        print(f"system packages: installing {', '.join(left_out)}")
        if code := install(left_out):
            sys.exit(code)
    elif left_out:
        print(f"system packages left out, not installed here: {', '.join(left_out)}")


def packages(text: str) -> list[str]:
    """Return the packages that a list names, without comments."""
    lines = (line.partition("#")[0].strip() for line in text.splitlines())
    return [line for line in lines if line]


def missing(needed: list[str]) -> list[str]:
    """Return those that dpkg does not have and whose program is not here from elsewhere either."""
    absent = [name for name in needed if not shutil.which(name)]
    if not absent or not shutil.which("dpkg-query"):
        return absent
    command = ["dpkg-query", "--show", "--showformat=${Package} ${db:Status-Status}\n", *absent]
    shown = subprocess.run(command, capture_output=True, text=True, check=False).stdout
    installed = {line.split()[0] for line in shown.splitlines() if line.endswith(" installed")}
    return [name for name in absent if name not in installed]


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


def npm_packages(folder: Path) -> None:
    """Install what the folder's lock names, by npm where it is; where that fails, exits with CI set, else says so."""
    npm = shutil.which("npm")
    if npm is None or locked(folder / "package-lock.json") == locked(folder / "node_modules" / ".package-lock.json"):
        return
    done = subprocess.run([npm, "ci"], cwd=folder, capture_output=True, text=True, check=False)
    if done.returncode:
        said = f"npm packages left out, `npm ci` failed: {' '.join(done.stderr.split())}"
        if os.environ.get("CI"):
            sys.exit(said)
        print(said)


def locked(path: Path) -> dict[str, str]:
    """Return package -> hash of a lock; the one in node_modules is written when all is installed. Empty without one."""
    if not path.is_file():
        return {}
    found = json.loads(path.read_text(encoding="utf-8"))["packages"]
    return {name: package["integrity"] for name, package in found.items() if name}


if __name__ == "__main__":
    run(main)
