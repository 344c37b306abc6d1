"""Serving: the service with each candidate beside an empty FastAPI endpoint and `mlflow models serve`.

Each candidate of params.yaml is fitted on the training split and served from a temporary folder by one worker, with
key, limit, validation, reasons and durable log. wrk (or Python, where it is not installed) asks on 8 and 64
connections, on the loopback, every applicant of the test split in turn: as they come (reasons for the declined), only
approved ones (no reasons), and with reasons for all. Servers take turns in each round; a share is a server's requests a
second over the empty endpoint's of the same round. Medians of all rounds are shown. `--numpy` also serves each
candidate of trees without the kernel in C.
"""

import argparse
import contextlib
import json
import os
import shutil
import statistics
import tempfile
import time
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pandas as pd
from tqdm import tqdm

from benchmarks._load import Found, Load, measure
from benchmarks._models import Candidate, fitted, tested
from benchmarks._servers import Server, empty, mlflow_serve, service
from src.serving.predictors import load as load_model

KEY = "key-of-the-benchmark"
CONNECTIONS = (8, 64)
BASE = "empty FastAPI"
Results = dict[tuple[str, int], list[Found]]


class Target(NamedTuple):
    """A server, what to ask it, and on how many connections."""

    server: Server
    load: Load
    connections: tuple[int, ...] = CONNECTIONS


def write_lines(path: Path, rows: list[object]) -> Path:
    """Write each row as a line of JSON."""
    path.write_text("".join(f"{json.dumps(row)}\n" for row in rows), encoding="utf-8")
    return path


def bodies(folder: Path, table: pd.DataFrame) -> tuple[Path, Path]:
    """The bodies for the service and for MLflow's server."""
    rows = table.astype(object).where(table.notna(), None).to_dict(orient="records")
    splits = [{"dataframe_split": {"columns": list(row), "data": [list(row.values())]}} for row in rows]
    return write_lines(folder / "rows.jsonl", list(rows)), write_lines(folder / "splits.jsonl", list(splits))


def approved(candidate: Candidate, rows: Path) -> Path:
    """The bodies of those whom this candidate approves."""
    applicants = [json.loads(line) for line in rows.read_text(encoding="utf-8").splitlines()]
    found = load_model(candidate.served).scorer.score_all(applicants)
    kept = [row for row, scored in zip(applicants, found, strict=True) if scored.decision == "approve"]
    return write_lines(candidate.served.with_name("approved.jsonl"), kept or applicants)


def targets_of(candidate: Candidate, rows: Path, splits: Path, asked: argparse.Namespace) -> dict[str, Target]:
    """All that is measured of one candidate; what is slow on 8 connections only."""
    name, ask = candidate.name, Load("POST", "/predict", rows, KEY)
    served = service(candidate.served, candidate.served.with_name("state"), KEY)
    found = {
        f"{name}": Target(served, ask),
        f"{name}, all approved": Target(served, ask._replace(bodies=approved(candidate, rows))),
        f"{name}, reasons for all": Target(served, ask._replace(path="/predict?reasons=true")),
    }
    if asked.numpy and load_model(candidate.served).predictor.computed_by == "kernel":
        plain = service(candidate.served, candidate.served.with_name("plain"), KEY, "benchmarks._numpy:create_app")
        found[f"{name}, by numpy"] = Target(plain, ask)
    if not asked.no_mlflow:
        answering = Load("POST", "/invocations", splits, KEY)
        found[f"{name}, mlflow models serve"] = Target(mlflow_serve(candidate.mlflow), answering, (8,))
    return found


@contextlib.contextmanager
def running(targets: dict[str, Target], log: Path) -> Iterator[None]:
    """Start all servers, each once, and end them."""
    servers = list({id(target.server): target for target in targets.values()}.values())
    try:
        for target in servers:
            target.server.start(log)
        for target in servers:
            target.server.wait(target.load)
        yield
    finally:
        for target in servers:
            target.server.stop()


def first_answer(target: Target, log: Path) -> float:
    """Seconds from the start of a process to its first answer."""
    started = time.perf_counter()
    with running({"": target}, log):
        return time.perf_counter() - started


def rounds(targets: dict[str, Target], count: int, seconds: float) -> Results:
    """Measure every target in each round, in turn; the empty endpoint comes first."""
    found: Results = defaultdict(list)
    plan = [(name, many) for many in CONNECTIONS for name, target in targets.items() if many in target.connections]
    with tqdm(total=count * len(plan), unit="measurement") as bar:
        for _ in range(count):
            for name, many in plan:
                target = targets[name]
                bar.set_description(f"{name}, {many} connections")
                found[name, many].append(measure(target.server.port, target.load, many, seconds))
                bar.update()
    return found


def report(found: Results, targets: dict[str, Target]) -> None:
    """Print the table."""
    print(f"{'':38}{'conn.':>6}{'requests/s':>12}{'share':>8}{'p99 ms':>9}{'p99 x':>7}{'MB':>6}  failed")
    for (name, many), measured in sorted(found.items(), key=lambda item: item[0][1]):
        pairs = list(zip(measured, found[BASE, many], strict=True))
        rate, p99, _ = map(statistics.median, zip(*measured, strict=True))
        share = statistics.median(each.rate / base.rate for each, base in pairs)
        times = statistics.median(each.p99 / base.p99 for each, base in pairs)
        memory, failed = targets[name].server.memory(), sum(each.failed for each in measured)
        print(f"{name:38}{many:6}{rate:12.0f}{share:8.3f}{p99:9.2f}{times:7.1f}{memory:6.0f}  {failed}")


def main() -> None:
    """Fit, serve, measure, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=1.0, help="of each measurement; wrk takes whole seconds")
    parser.add_argument("--starts", type=int, default=5, help="starts of the service that are timed")
    parser.add_argument("--candidates", nargs="*", default=[], help="names in params.yaml (default: all)")
    parser.add_argument("--numpy", action="store_true", help="also without the kernel in C")
    parser.add_argument("--no-mlflow", action="store_true", help="without `mlflow models serve`")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="lastro-serving-") as made:
        folder = Path(made)
        rows, splits = bodies(folder, tested())
        targets = {BASE: Target(empty(), Load("GET", "/empty", rows, KEY))}
        for candidate in tqdm(fitted(folder, asked.candidates), unit="fit"):
            targets |= targets_of(candidate, rows, splits, asked)
        starts = {
            name: [first_answer(target, folder / "log") for _ in range(asked.starts)]
            for name, target in targets.items()
            if name == BASE or "," not in name
        }
        with running(targets, folder / "log"):
            found = rounds(targets, asked.rounds, asked.seconds)
            print(f"{asked.rounds} rounds of {asked.seconds:g} s, {'wrk' if shutil.which('wrk') else 'Python'},"
                  f" {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}")  # fmt: skip
            report(found, targets)
    for name, seconds in starts.items() if asked.starts else ():
        print(f"{name}: start to first answer {statistics.median(seconds):.2f} s (of {len(seconds)})")


if __name__ == "__main__":
    main()
