"""Applicants by id: rows materialized, one looked up, and the service by id beside `POST /predict`.

The rows are the data set's, of whose values some are other rows'. Materializing and looking up are told in seconds of
this process's own processor, on SQLite and, where `--postgresql ADDRESS` names an empty database, on PostgreSQL too.
Then wrk asks the service of the committed model, on 8 connections, the same applicants by their values and by their
ids, in turns; the share is that of one round, the median is shown. On a machine that others use too, the processor's
seconds a request, the service's own, say more than requests a second.
"""

import argparse
import json
import statistics
import tempfile
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd
import pyarrow as arrow

from benchmarks._load import Found, Load, measure
from benchmarks._servers import Server, service
from src.contract.fields import state_column
from src.contract.package import Package, read_package
from src.contract.table import read_table
from src.feature_store.adding import columns_of, typed
from src.feature_store.materializing import materialize, parts
from src.feature_store.offline import EVENT_TIME, ID, KNOWN_AT, Delivery, package_of, write
from src.feature_store.online import Online, online
from src.feature_store.table import open_table
from src.files import digest
from src.params import read_params

ROOT = Path(__file__).resolve().parents[1]
APPLICATIONS, MODELS = ROOT / "data/raw/applications.parquet", ROOT / "models"
KEY = "key-of-the-benchmark"
CONNECTIONS = 8
CHANGED = 0.15  # share of values that are another row's
ASKED = 20_000  # applicants who are asked for
NOW = datetime.now(UTC)


def delivery_of(count: int, package: Package, path: Path) -> Delivery:
    """Write a delivery of so many applicants."""
    rng, known = np.random.default_rng(1), read_table(APPLICATIONS)
    own = rng.integers(0, len(known), count)
    columns = {ID: arrow.array([f"applicant-{number}" for number in rng.permutation(count)])}
    for name, days in ((EVENT_TIME, 30), (KNOWN_AT, 29)):
        columns[name] = typed(pd.Series([NOW - timedelta(days=days)] * count).astype("datetime64[us, UTC]"))
    for column in package.features:
        taken = np.where(rng.random(count) < CHANGED, rng.integers(0, len(known), count), own)
        names = [name for name in (column.name, state_column(column.name)) if name in known]
        columns |= columns_of(column, known[names].iloc[taken].reset_index(drop=True))
    write(arrow.table(columns), package_of(package), path)
    return Delivery(path, digest(path, "md5"))


def spent(work: Callable[[], object]) -> tuple[float, float]:
    """Return the seconds of this process's processor, and of the clock, that work takes."""
    cpu, wall = time.process_time(), time.perf_counter()
    work()
    return time.process_time() - cpu, time.perf_counter() - wall


def filled(address: str, delivery: Delivery, count: int) -> None:
    """Materialize a delivery, and then nothing new."""
    engine = open_table(address)
    cpu, wall = spent(lambda: materialize(engine, [delivery], NOW))
    again, _ = spent(lambda: materialize(engine, [delivery], NOW))
    name = engine.dialect.name
    print(f"{count} rows materialized, {name:10}  {cpu:7.1f} s CPU {wall:7.1f} s; again {again:.2f} s CPU")
    engine.dispose()


def looked_up(table: Online, ids: Sequence[str], name: str) -> None:
    """Look applicants up one by one: cold, and once more."""
    for what in ("first", "again"):
        cpu, wall = spent(lambda: [table.find(one) for one in ids])
        one = 1e6 / len(ids)
        print(f"lookup, {name:10} {what}                  {cpu * one:7.1f} µs CPU {wall * one:7.1f} µs")
    cpu, wall = spent(lambda: table.find_all(ids[:1000]))
    print(f"1 000 at once, {name:10}                  {cpu * 1e3:7.1f} ms CPU {wall * 1e3:7.1f} ms")


class Asked(NamedTuple):
    """What the service did, and the µs of its own processor that a request took."""

    found: Found
    cost: float


def ask(server: Server, load: Load, seconds: float) -> Asked:
    """Ask the service in one way for a while."""
    before = server.seconds()
    found = measure(server.port, load, CONNECTIONS, seconds)
    return Asked(found, 1e6 * (server.seconds() - before) / (found.rate * seconds))


def asked(server: Server, loads: Sequence[Load], rounds: int, seconds: float) -> None:
    """Ask the service by values and by ids in turns."""
    told = [[ask(server, load, seconds) for load in loads] for _ in range(rounds)]
    for place, load in enumerate(loads):
        own = [pair[place] for pair in told]
        rate, p99 = (statistics.median(one.found[value] for one in own) for value in (0, 1))
        cost, failed = statistics.median(one.cost for one in own), sum(one.found.failed for one in own)
        print(f"{load.path:24} {rate:7.0f} requests/s, p99 {p99:6.1f} ms, {cost:5.0f} µs CPU each, failed {failed}")
    rates = [by_id.found.rate / by_value.found.rate for by_value, by_id in told]
    costs = [by_value.cost / by_id.cost for by_value, by_id in told]
    for what, shares in (("requests/s", rates), ("the same by CPU", costs)):
        spread = ", ".join(f"{share:.2f}" for share in shares)
        print(f"by id, share of /predict's {what:16} {statistics.median(shares):.3f}  ({spread})")


def loads_of(delivery: Delivery, folder: Path, ids: Sequence[str]) -> list[Load]:
    """Return what to ask: the same applicants by their values and by their ids."""
    wanted = set(ids)
    rows = [(row[0], row[4]) for part in parts(delivery, 1) for row in part if row[0] in wanted]
    (folder / "values").mkdir()
    (folder / "ids").mkdir()
    values, names = folder / "values" / "rows", folder / "ids" / "rows"
    values.write_text("".join(f"{json.dumps(json.loads(features))}\n" for _, features in rows), encoding="utf-8")
    names.write_text("".join(f"{one}\n" for one, _ in rows), encoding="utf-8")
    return [Load("POST", "/predict", values, KEY), Load("POST", "/predict/applicant/{}", names, KEY)]


def main() -> None:
    """Write, fill, look up, ask, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=3.0, help="of each measurement; wrk takes whole seconds")
    parser.add_argument("--postgresql", metavar="ADDRESS", help="of an empty database")
    told = parser.parse_args()
    package = read_package(ROOT / read_params(ROOT / "params.yaml").dataset)
    with tempfile.TemporaryDirectory(prefix="lastro-features-") as made:
        folder = Path(made)
        delivery = delivery_of(told.rows, package, folder / "delivery.parquet")
        drawn = np.random.default_rng(2).integers(0, told.rows, min(told.rows, ASKED))
        ids, loads = [f"applicant-{number}" for number in drawn], []
        for address in (f"sqlite:///{folder}/state/features/online.db", *filter(None, [told.postgresql])):
            filled(address, delivery, told.rows)
            table = online(address, 10.0)
            looked_up(table, ids, "sqlite" if table.immediate else "postgresql")
            table.close()
            loads = loads or loads_of(delivery, folder, ids)
            server = service(MODELS, folder / "state", KEY, LASTRO_FEATURES_URL=address)
            server.start(folder / "log")
            try:
                server.wait(loads[1])
                asked(server, loads, told.rounds, told.seconds)
            finally:
                server.stop()


if __name__ == "__main__":
    main()
