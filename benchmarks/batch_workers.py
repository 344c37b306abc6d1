"""Many rows by several workers: `python -m src.batch` by processes of this machine, and by a Dask cluster on it.

A line each: seconds of the clock from the command's start to its end, of processors in all processes that took part
(scheduler and workers too), and the most MiB that one of them held. Workers of the cluster are there before; processes
of this machine start with the command. The files' sha256 are compared: whoever did a part, it is the same.
"""

import argparse
import contextlib
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from benchmarks._models import fitted
from benchmarks._servers import Server, family, taken
from benchmarks.batch import write_files

ROOT = Path(__file__).resolve().parents[1]
TARGET = 30.0  # seconds for ten million rows by two workers, scorecard
PATIENCE = 60.0
BREATH = 0.1  # seconds between two looks at a process's memory
DASK = [sys.executable, "-m", "dask"]


class Cost(NamedTuple):
    """Seconds of the clock and of processors, and the most MiB that one process held."""

    wall: float
    cpu: float
    mib: float


def command(path: Path, models: Path, output: Path, *options: str) -> Cost:
    """Run the command and return what it and the processes that it started took."""
    words = [sys.executable, "-m", "src.batch", str(path), str(output), "--models", str(models), *options]
    started, peak, ended = time.perf_counter(), 0.0, 0
    with (output.parent / "said").open("ab") as said:
        env = os.environ | {"LASTRO_STATE": f"{output}.state"}
        process = subprocess.Popen(words, cwd=ROOT, env=env, stderr=said)
    while not ended:
        peak = max(peak, largest(process.pid))
        time.sleep(BREATH)
        ended, status, used = os.wait4(process.pid, os.WNOHANG)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise SystemExit((output.parent / "said").read_text()[-2000:])
    return Cost(time.perf_counter() - started, used.ru_utime + used.ru_stime, peak)


def largest(pid: int) -> float:
    """Return the most MiB that a process or one below it has held; what `wait4` says begins with whoever started it."""
    found = [0.0]
    for process in family(pid):
        with contextlib.suppress(OSError, KeyError):
            fields = dict(line.split(":", 1) for line in (process / "status").read_text().splitlines())
            found.append(int(fields["VmHWM"].split()[0]) / 1024)
    return max(found)


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
                cpu, mib = cost.cpu + sum(map(taken, processes)) - before, max(map(largest, processes))
            print_line(candidate.name, "Dask", asked.rows, Cost(cost.wall, cpu, max(cost.mib, mib)))
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
