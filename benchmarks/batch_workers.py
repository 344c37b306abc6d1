"""Many rows by several workers: `python -m src.batch` by processes of this machine, and by a Dask cluster on it.

A line each: seconds of the clock from the command's start to its end, of processors in all processes that took part
(scheduler and workers too), and the most MiB that one of them held. Workers of the cluster are there before; processes
of this machine start with the command. The files' sha256 are compared: whoever did a part, it is the same.
"""

import argparse
import contextlib
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from benchmarks._models import fitted
from benchmarks._servers import Server, taken
from benchmarks.batch import write_files

ROOT = Path(__file__).resolve().parents[1]
TARGET = 30.0  # seconds for ten million rows by two workers, scorecard
PATIENCE = 60.0
DASK = [sys.executable, "-m", "dask"]


class Cost(NamedTuple):
    """Seconds of the clock and of processors, and the most MiB of a process of the command's own."""

    wall: float
    cpu: float
    mib: float


def command(path: Path, models: Path, output: Path, *options: str) -> Cost:
    """Run the command and return what it and the processes that it started took."""
    words = [sys.executable, "-m", "src.batch", str(path), str(output), "--models", str(models), *options]
    started, before = time.perf_counter(), resource.getrusage(resource.RUSAGE_CHILDREN)
    with (output.parent / "said").open("ab") as said:
        env = os.environ | {"LASTRO_STATE": f"{output}.state"}
        subprocess.run(words, cwd=ROOT, env=env, stderr=said, check=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return Cost(time.perf_counter() - started, cpu, after.ru_maxrss / 1024)


@contextlib.contextmanager
def cluster(folder: Path, workers: int) -> Iterator[tuple[str, list[int]]]:
    """Yield the address of a scheduler whose workers are there, and the processes."""
    scheduler = Server([*DASK, "scheduler", "--host", "127.0.0.1", "--no-dashboard", "--port"])
    scheduler.start(folder / "dask")
    assert scheduler.process is not None
    address, words = f"tcp://127.0.0.1:{scheduler.port}", ["--nthreads", "1", "--no-nanny", "--no-dashboard"]
    with (folder / "dask").open("ab") as said:
        started = [
            subprocess.Popen(
                [*DASK, "worker", address, *words, "--local-directory", str(folder / f"worker-{number}")],
                cwd=ROOT,
                stdout=said,
                stderr=said,
            )
            for number in range(workers)
        ]
    try:
        wait_for(folder / "dask", workers)
        yield address, [scheduler.process.pid, *(worker.pid for worker in started)]
    finally:
        for process in started:
            process.terminate()
            process.wait(PATIENCE)
        scheduler.stop()


def wait_for(said: Path, workers: int) -> None:
    """Return when as many workers have said that they are registered."""
    end = time.monotonic() + PATIENCE
    while said.read_text().count("Registered to:") < workers:
        if time.monotonic() > end:
            raise SystemExit(f"the cluster is not there: {said}")
        time.sleep(0.05)


def sha256s(output: Path) -> list[str]:
    """Return the hashes of a run's parts."""
    return [part["sha256"] for part in json.loads((output / "manifest.json").read_bytes())["parts"]]


def main() -> None:
    """Print the lines."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=10_000_000)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--file", default="Parquet", choices=["Parquet", "CSV"])
    parser.add_argument("--folder", type=Path, help="for the files, which are removed; the system's by default")
    parser.add_argument("candidates", nargs="*", default=["scorecard"])
    asked = parser.parse_args()
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    with tempfile.TemporaryDirectory(dir=asked.folder) as made:
        folder = Path(made)
        path = write_files(folder, asked.rows)[asked.file]
        print(f"{asked.rows} rows of {asked.file}, {asked.workers} workers; {TARGET:.0f} s wanted of 10 000 000")
        print(f"{'candidate':<12}{'by':<12}{'wall_s':>8}{'cpu_s':>8}{'MiB':>7}{'M rows/cpu_s':>14}", flush=True)
        for candidate in fitted(folder, asked.candidates):
            here, there = folder / f"{candidate.name}-processes", folder / f"{candidate.name}-cluster"
            print_line(candidate.name, "processes", asked.rows,
                       command(path, candidate.served, here, "--workers", str(asked.workers)))  # fmt: skip
            with cluster(folder, asked.workers) as (address, processes):
                before = sum(map(taken, processes))
                cost = command(path, candidate.served, there, "--scheduler", address)
                cpu = cost.cpu + sum(map(taken, processes)) - before
            print_line(candidate.name, "Dask", asked.rows, cost._replace(cpu=cpu, mib=float("nan")))
            if sha256s(here) != sha256s(there):
                raise SystemExit("the parts of the two differ")


def print_line(candidate: str, by: str, rows: int, cost: Cost) -> None:
    """Print a line."""
    print(
        f"{candidate:<12}{by:<12}{cost.wall:>8.1f}{cost.cpu:>8.1f}{cost.mib:>7.0f}{rows / cost.cpu / 1e6:>14.2f}",
        flush=True,
    )


if __name__ == "__main__":
    main()
