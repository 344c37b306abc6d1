"""What the monitor's rules promise, on simulated windows and years, and what counting a log costs.

Simulations (benchmarks/_simulated.py): references, windows and months are drawn from German Credit. The log has a year
of applications of German Credit's applicants; a process of its own counts and judges all of it, idles, and counts the
next ten thousand: by its own CPU time and largest memory.
"""

import argparse
import json
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path
from typing import Any

import numpy as np
import sqlalchemy as sa
from pydantic_core import to_json

from benchmarks._load import Load, measure
from benchmarks._measured import END, MODELS, NONE, PATIENCE, ROOT
from benchmarks._servers import service
from benchmarks._simulated import (
    REFERENCE,
    Population,
    false_alarms,
    fired_a_year,
    performance_alerts,
    population,
    power,
)
from src.journal.database import connect_engine, migrate, sqlite_file
from src.journal.identifiers import first_id
from src.journal.tables import Entry
from src.monitoring.service import NICE
from src.monitoring.versions import Version, read_versions
from tests.ports import free_port
from tests.postgresql import Postgres

START = datetime(2025, 1, 1, tzinfo=UTC)
MORE = 10_000
PART = 20_000
COLUMNS = Entry._fields
NUMBERS = count()
KEY, CONNECTIONS, SECONDS = "key-of-the-benchmark", 8, 5.0


def print_line(what: str, found: str, wanted: str = "") -> None:
    """Print a line of the table."""
    print(f"{what:62} {found:>24}   {wanted}", flush=True)


def simulate(people: Population, windows: int, years: int, many: int) -> None:
    """Print what the rules do on windows and years in which nothing changed, and in which something did."""
    for rows in (200, 300, 1000):
        share = false_alarms(people, windows, 50, rows)
        print_line(f"windows of {rows:4} without change that alarm", f"{share:.2%}", "<= 2 %")
    print_line(f"drift alerts a year of 365 x 300 rows ({years} years)", f"{fired_a_year(people, years):.2f}", "<= .1")
    print_line("windows of 300, mean duration 26.9, that alarm", f"{power(people, windows):.1%}", ">= 95 %")
    quiet, twice = performance_alerts(people, many), performance_alerts(people, many, 2.0)
    print_line(f"years without change and without a performance alert ({many})", f"{1 - quiet:.1%}", ">= 98 %")
    print_line("years of twice the bads with one", f"{twice:.1%}", ">= 70 %")


def texts_of(people: Population) -> list[str]:
    """Return each applicant as JSON."""
    columns = {name: people.values[name] for name in people.table.columns}
    return [to_json(dict(zip(columns, row, strict=True))).decode() for row in zip(*columns.values(), strict=True)]


def entries(people: Population, version: Version, rows: int, start: datetime, end: datetime) -> Iterator[list[Any]]:
    """Yield rows of the log in parts: German Credit's applicants in turn, at equal distances."""
    texts, values = texts_of(people), people.values
    for first in range(0, rows, PART):
        part = []
        for number in range(first, min(rows, first + PART)):
            moment, row = start + (end - start) * number / rows, number * 7 % len(texts)
            name = f"{first_id(moment)[:-12]}{next(NUMBERS):012x}"
            answer = [values[each][row] for each in ("probability_of_default", "score", "decision")]
            served = [version.card.threshold, "{}", "application", version.form_sha256, None, None, "service"]
            part.append(["web", name, moment, version.model_sha256, None, texts[row], *answer, "[]", *served])
        yield part


def fill(engine: sa.Engine, parts: Iterator[list[Any]]) -> None:
    """Insert rows as fast as the driver can."""
    connection = engine.raw_connection()
    driver, names = connection.driver_connection, ", ".join(COLUMNS)
    for part in parts:
        if engine.dialect.name == "sqlite":
            signs = ", ".join("?" * len(COLUMNS))
            rows = [[*row[:2], row[2].strftime("%Y-%m-%d %H:%M:%S.%f"), *row[3:]] for row in part]
            driver.executemany(f"INSERT INTO predictions ({names}) VALUES ({signs})", rows)
        else:
            with driver.cursor().copy(f"COPY predictions ({names}) FROM STDIN") as copy:
                for row in part:
                    copy.write_row(row)
        driver.commit()
    connection.close()


def run_alone(address: str) -> dict[str, float]:
    """Run the monitor once in a process of its own, and return what that cost."""
    command = [sys.executable, "-m", "benchmarks._measured", address]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    return dict(json.loads(done.stdout))


def cost(people: Population, address: str, rows: int) -> None:
    """Print what a run costs on a log of a year, one that finds nothing new, and one that finds ten thousand rows."""
    (version,) = read_versions(NONE, MODELS)
    engine = connect_engine(address, PATIENCE)
    migrate(engine, sqlite_file(address))
    name = engine.dialect.name
    fill(engine, entries(people, version, rows, START, END))
    first = run_alone(address)
    wanted = "<= 20 s, <= 300 MiB" if name == "sqlite" else ""
    print_line(f"{name}: {rows:,} rows counted and judged", f"{first['cpu']:.1f} s {first['mib']:.0f} MiB", wanted)
    idle = min(run_alone(address)["cpu"] for _ in range(3))
    fill(engine, entries(people, version, MORE, END - timedelta(days=1), END))
    more = run_alone(address)["cpu"]
    print_line(f"{name}: an idle run", f"{idle:.3f} s")
    print_line(f"{name}: the next {MORE:,} rows more than that", f"{more - idle:.3f} s", "<= .5 s")
    engine.dispose()


def beside(people: Population, folder: Path, rows: int) -> None:
    """Print what the API's callers notice of a run that counts `rows` at a service's priority."""
    server, body = service(MODELS, folder / "state", KEY), folder / "rows.jsonl"
    names, texts = people.table.columns, range(len(people.table))
    body.write_text(
        "".join(to_json({name: people.values[name][row] for name in names}).decode() + "\n" for row in texts)
    )
    load, address = Load("POST", "/predict", body, KEY), f"sqlite:///{folder}/state/api/journal.db"
    server.start(folder / "log")
    try:
        server.wait(load)
        engine, (version,) = connect_engine(address, PATIENCE), read_versions(NONE, MODELS)
        fill(engine, entries(people, version, rows, START, END))
        engine.dispose()
        measure(server.port, load, CONNECTIONS, SECONDS)
        quiet = measure(server.port, load, CONNECTIONS, SECONDS)
        process = subprocess.Popen(["nice", "-n", str(NICE), sys.executable, "-m", "benchmarks._measured", address],
                                   cwd=ROOT, stdout=subprocess.DEVNULL)  # fmt: skip
        working = measure(server.port, load, CONNECTIONS, SECONDS)
        still = process.poll() is None
        process.wait()
    finally:
        server.stop()
    said = "" if still else " (it ended before)"
    print_line("requests that failed while the monitor worked", f"{working.failed}{said}", "0")
    times = f"{working.p99:.1f} / {quiet.p99:.1f} ms = {working.p99 / quiet.p99:.2f}"
    print_line("p99 of /predict meanwhile, over that without it", times, "<= 2")


@contextmanager
def postgresql() -> Iterator[str | None]:
    """Yield the address of a server of its own; None where Debian's package is not there."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin"))
    if not found:
        yield None
        return
    with tempfile.TemporaryDirectory(prefix="lastro-") as folder:
        user = "postgres" if Path(folder).owner() == "root" else None
        if user:
            shutil.chown(folder, user)
        server = Postgres(Path(folder), found[-1], free_port(), user)
        server.run("initdb", "-D", f"{folder}/data", "-U", "lastro", "-A", "trust", "--no-sync")
        server.start()
        try:
            yield server.url
        finally:
            server.stop()


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--windows", type=int, default=1000, help="without change, over 50 references")
    parser.add_argument("--years", type=int, default=50, help="of a window a day")
    parser.add_argument("--cohorts", type=int, default=500, help="years of months with outcomes")
    parser.add_argument("--rows", type=int, default=1_000_000, help="of the log")
    asked = parser.parse_args()
    people = population()
    print(f"references of {REFERENCE} rows; numpy {np.__version__}, SQLAlchemy {sa.__version__}")
    simulate(people, asked.windows, asked.years, asked.cohorts)
    with tempfile.TemporaryDirectory(prefix="lastro-") as folder:
        cost(people, f"sqlite:///{folder}/journal.db", asked.rows)
        beside(people, Path(folder), asked.rows // 2)
    with postgresql() as address:
        if address:
            cost(people, address, asked.rows)


if __name__ == "__main__":
    main()
