"""Size: the pipeline on a made-up table with every kind of field, a stage at a time.

Prints a line a stage: seconds of processor and of the clock, and the most memory; then how many bytes its outputs have
that Git keeps, and those that DVC does. `--served` also serves the model that was made, by one worker, and prints its
memory, requests a second and how many of the answers had reasons.
"""

import argparse
import contextlib
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any, NamedTuple

import httpx
import pandas as pd
import yaml

from benchmarks._load import Load, measure
from benchmarks._servers import resident, service
from benchmarks._tables import write_package
from src.contract.fields import state_column
from src.contract.table import read_table
from src.model.card import CARD, read_card

ROOT = Path(__file__).resolve().parents[1]
SEED = 2026
ASKED = 5000  # applicants, of the test split
CONNECTIONS = 8
KEY = "key-of-the-benchmark"
BREATH = 0.05  # seconds between two looks at a stage's memory


class Cost(NamedTuple):
    """What a stage took: seconds of processor and of the clock, MiB at most of all its processes together."""

    cpu: float
    wall: float
    peak: float


def stages() -> dict[str, Any]:
    """Return the stages as dvc.yaml has them."""
    found: dict[str, Any] = yaml.safe_load((ROOT / "dvc.yaml").read_text(encoding="utf-8"))["stages"]
    return found


def workspace(folder: Path, rows: int, features: int) -> None:
    """Make the table, its package, and the project's own parameters for it."""
    package = write_package(folder / "data/external/made-up", rows, features, SEED)
    params = yaml.safe_load((ROOT / "params.yaml").read_text(encoding="utf-8"))
    params["dataset"] = str(package.relative_to(folder))
    (folder / "params.yaml").write_text(yaml.safe_dump(params, sort_keys=False), encoding="utf-8")


def run(folder: Path, command: str) -> Cost:
    """Run a stage in a process of its own, as DVC would, and return what it and its children took."""
    words = [sys.executable, *command.split()[1:]]
    state = {"LASTRO_STATE": str(folder / "var"), "MLFLOW_TRACKING_URI": f"sqlite:///{folder / 'var/mlflow.db'}"}
    started = time.perf_counter()
    with (folder / "log").open("a") as log:
        process = subprocess.Popen(
            words, cwd=folder, env={**os.environ, "PYTHONPATH": str(ROOT), **state}, stdout=log, stderr=log
        )
        ended, peak = 0, 0.0
        while not ended:
            peak = max(peak, resident(process.pid))
            time.sleep(BREATH)
            ended, status, used = os.wait4(process.pid, os.WNOHANG)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise SystemExit(f"{command} failed:\n{(folder / 'log').read_text()[-2000:]}")
    wall = time.perf_counter() - started
    return Cost(used.ru_utime + used.ru_stime, wall, max(peak, used.ru_maxrss / 2**10))


def outputs(folder: Path) -> dict[str, int]:
    """Return the bytes of all outputs that Git keeps, and of those that DVC does."""
    found = {"git": 0, "dvc": 0}
    for stage in stages().values():
        for out in (*stage["outs"], *stage.get("metrics", ())):
            path, options = next(iter(out.items())) if isinstance(out, dict) else (out, {})
            place = folder / path
            files = [file for file in place.rglob("*") if file.is_file()] if place.is_dir() else [place]
            found["git" if options.get("cache") is False else "dvc"] += sum(file.stat().st_size for file in files)
    return found


def applicants(folder: Path) -> list[dict[str, Any]]:
    """Return rows of the test split as the API takes them: a label in the place of a number, a date as ISO text."""
    card, table = read_card(folder / "models" / CARD), read_table(folder / "data/processed/test.parquet").head(ASKED)
    columns: dict[str, Any] = {}
    for feature in card.features:
        values = table[feature.name]
        values = values.dt.strftime("%Y-%m-%d") if pd.api.types.is_datetime64_any_dtype(values) else values
        values = values.astype(object).where(values.notna(), None)
        state = state_column(feature.name)
        columns[feature.name] = values.where(table[state].isna(), table[state]) if state in table else values
    if card.time:
        columns[card.time.name] = table[card.time.name].dt.strftime("%Y-%m-%d")
    return pd.DataFrame(columns, dtype=object).to_dict(orient="records")


def serve(folder: Path, seconds: float = 5) -> str:
    """Serve the model by one worker and return what there is to say of it."""
    bodies, rows = folder / "rows.jsonl", applicants(folder)
    bodies.write_text("".join(f"{json.dumps(row)}\n" for row in rows), encoding="utf-8")
    server, load = service(folder / "models", folder / "state", KEY), Load("POST", "/predict", bodies, KEY)
    server.start(folder / "log")
    with contextlib.closing(httpx.Client(headers={"x-api-key": KEY}, timeout=60)) as client:
        try:
            server.wait(load)
            found = measure(server.port, load, CONNECTIONS, seconds)
            memory = server.memory()
            answers = [client.post(f"http://127.0.0.1:{server.port}/predict", json=row).json() for row in rows[:500]]
        finally:
            server.stop()
    told = sum(bool(answer["reasons"]) for answer in answers)
    declined = sum(answer["decision"] == "decline" for answer in answers)
    return (
        f"served: {memory:.0f} MB resident, {found.rate:.0f} requests/s on {CONNECTIONS} connections,"
        f" {found.failed} failed; of {len(answers)} applicants {declined} declined, {told} with reasons"
    )


def main() -> None:
    """Print the lines."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=10_000)
    parser.add_argument("--features", type=int, default=20)
    parser.add_argument("--served", action="store_true", help="serve the model, too")
    parser.add_argument("--keep", type=Path, metavar="FOLDER", help="make the workspace here and leave it")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="lastro-scale-") as made:
        folder = (asked.keep or Path(made) / "workspace").absolute()
        workspace(folder, asked.rows, asked.features)
        print(f"{'stage':10} {'rows':>9} {'cpu_s':>8} {'wall_s':>8} {'peak_mib':>8}")
        for name, stage in stages().items():
            cost = run(folder, stage["cmd"])
            print(f"{name:10} {asked.rows:9} {cost.cpu:8.1f} {cost.wall:8.1f} {cost.peak:8.0f}", flush=True)
        chosen = json.loads((folder / "reports/candidates.json").read_text())["chosen"]
        kept = outputs(folder)
        print(f"chosen {chosen}; kept by Git {kept['git'] / 1e3:.0f} kB, by DVC {kept['dvc'] / 1e6:.1f} MB", flush=True)
        if asked.served:
            print(serve(folder))


if __name__ == "__main__":
    main()
