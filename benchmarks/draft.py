"""`python -m src.contract.draft` on a made-up table: seconds of processor and the most memory."""

import argparse
import os
import resource
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
import pandas as pd

ROOT = Path(__file__).resolve().parents[1]
CHUNK = 100_000


def table(rows: int, columns: int, seed: int) -> pd.DataFrame:
    """Return rows of a target, and of numbers, codes, texts and dates in turn."""
    rng = np.random.default_rng(seed)
    names = np.array([f"Employer {n}" for n in range(5000)])
    found = {"defaulted": np.where(rng.random(rows) < 0.1, "yes", "no")}
    for place in range(1, columns):
        match place % 5:
            case 0:
                found[f"amount {place}"] = np.round(rng.gamma(2, 5000, rows), 2)
            case 1:
                found[f"share {place}"] = rng.random(rows)
            case 2:
                found[f"employer {place}"] = rng.choice(names, rows)
            case 3:
                found[f"code {place}"] = rng.choice(["A11", "A12", "A13", "A14"], rows)
            case _:
                days = np.datetime64("2015-01-01") + rng.integers(0, 3650, rows)
                found[f"date {place}"] = np.datetime_as_string(days)
    return pd.DataFrame(found)


def main() -> None:
    """Print a line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--columns", type=int, default=20)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "table.csv"
        for first in range(0, asked.rows, CHUNK):
            part = table(min(CHUNK, asked.rows - first), asked.columns, first)
            part.to_csv(file, mode="a", index=False, header=not first)
        command = [sys.executable, "-m", "src.contract.draft", file, "--target", "defaulted", "--bad", "yes"]
        subprocess.run(
            command, cwd=folder, env={**os.environ, "PYTHONPATH": str(ROOT)}, check=True, capture_output=True
        )
        used = resource.getrusage(resource.RUSAGE_CHILDREN)
        size = file.stat().st_size
    seconds = used.ru_utime + used.ru_stime
    print(
        f"{asked.rows} rows x {asked.columns} columns, {size / 2**20:.0f} MiB: "
        f"{seconds:.1f} s of CPU, {used.ru_maxrss / 2**10:.0f} MiB at most"
    )


if __name__ == "__main__":
    main()
