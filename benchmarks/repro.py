"""The pipeline: `dvc repro` forced, and with nothing to do, beside running its stages directly.

Runs in a clone of the last commit, the three in turn; prints seconds and, round by round, ratios to the direct run.
"""

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import yaml

ROOT = Path(__file__).resolve().parents[1]


def seconds(clone: Path, commands: list[list[str]]) -> float:
    """Return how long the commands take, one after the other."""
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    started = time.perf_counter()
    for command in commands:
        subprocess.run(command, cwd=clone, env={**os.environ, "PATH": path}, check=True, capture_output=True)
    return time.perf_counter() - started


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=3)
    stages = yaml.safe_load((ROOT / "dvc.yaml").read_text(encoding="utf-8"))["stages"]
    ways = {
        "stages directly": [stage["cmd"].split() for stage in stages.values()],
        "dvc repro --force": [["dvc", "repro", "--force"]],
        "dvc repro, nothing to do": [["dvc", "repro"]],
    }
    times: dict[str, list[float]] = {name: [] for name in ways}
    with tempfile.TemporaryDirectory() as folder:
        clone = Path(folder) / "clone"
        subprocess.run(["git", "clone", "--quiet", str(ROOT), str(clone)], check=True)
        first = seconds(clone, [["dvc", "repro"]])
        for _ in range(parser.parse_args().rounds):
            for name, commands in ways.items():
                times[name].append(seconds(clone, commands))
    print(f"{'from nothing, once: dvc repro':32}{first:8.1f} s")
    for name, values in times.items():
        ratio = statistics.median(a / b for a, b in zip(values, times["stages directly"], strict=True))
        print(f"{name:32}{statistics.median(values):8.1f} s  {ratio:6.2f} x stages directly")


if __name__ == "__main__":
    main()
