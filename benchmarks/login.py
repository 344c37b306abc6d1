"""Login: what a token costs beside a key, and what logins by the dozen cost those who ask for scores.

The committed model is served by one worker. `/predict` is asked by a key and by a token in turns, and a token's
requests a second are compared with the key's of the same round. Then it is asked by the key while others log in, most
of them in vain, from one address and from fifty (as a trusted proxy tells them), and p99 is compared with the same
round's without them. Medians of all rounds are shown, and how logins were answered.
"""

import argparse
import contextlib
import http.client
import json
import os
import statistics
import tempfile
import threading
import time
from collections import Counter, defaultdict
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from tqdm import tqdm

from benchmarks._load import Found, Load, measure
from benchmarks._models import ROOT, applicants
from benchmarks._servers import Server, service
from benchmarks.serving import write_lines
from src.api.passwords import hashed

KEY, NAME, PASSWORD = "key-of-the-benchmark", "ana", "correct-horse-battery"
ROWS, SEED, CONNECTIONS = 5_000, 2026, 8
LOGINS, RIGHT = 50, 25  # a second, and of how many one has the right password
ADDRESSES = {"1 address": 1, "50 addresses": 50}
LEAST_SHARE, MOST_TIMES = 0.95, 2.0  # goals: a token's requests a second beside a key's, p99 beside that without logins


@contextlib.contextmanager
def running(folder: Path) -> Iterator[Server]:
    """The service with a user, which believes what the loopback says of addresses."""
    server = service(ROOT / "models", folder / "state", KEY)
    server.env |= {
        "LASTRO_USERS": f"{NAME}:{hashed(PASSWORD)}:predict+read",
        "LASTRO_TOKEN_KEYS": f"kid:{'k' * 32}",
        "LASTRO_TRUSTED_PROXIES": "127.0.0.1",
    }
    try:
        server.start(folder / "log")
        server.wait(Load("GET", "/health", folder, KEY))
        yield server
    finally:
        server.stop()


def log_in(port: int, name: str, password: str, address: str) -> tuple[int, str]:
    """The status of a login, and its token."""
    body = json.dumps({"username": name, "password": password})
    headers = {"content-type": "application/json", "x-forwarded-for": address}
    with contextlib.closing(http.client.HTTPConnection("127.0.0.1", port, timeout=60)) as connection:
        connection.request("POST", "/login", body, headers)
        answer = connection.getresponse()
        return answer.status, json.load(answer).get("access_token", "")


@contextlib.contextmanager
def logins(port: int, addresses: int, answered: list[int]) -> Iterator[None]:
    """Log in LOGINS times a second, as long as the block takes."""
    end = threading.Event()

    def one(number: int) -> None:
        name = NAME if number % 2 else f"user{number % 40}"
        password = PASSWORD if number % RIGHT == 1 else "wrong"
        answered.append(log_in(port, name, password, f"192.0.2.{number % addresses}")[0])

    def go_on(pool: ThreadPoolExecutor) -> None:
        start, number = time.monotonic(), 0
        while not end.wait(max(0.0, start + number / LOGINS - time.monotonic())):
            pool.submit(one, number)
            number += 1

    with ThreadPoolExecutor(2 * LOGINS) as pool, ThreadPoolExecutor(1) as clock:
        clock.submit(go_on, pool)
        yield
        end.set()


def rounds(port: int, ask: Load, count: int, seconds: float) -> tuple[dict[str, list[Found]], dict[str, list[int]]]:
    """Measure each way to ask in every round, in turn; return how logins were answered too."""
    found: dict[str, list[Found]] = defaultdict(list)
    answered: dict[str, list[int]] = {name: [] for name in ADDRESSES}
    _, token = log_in(port, NAME, PASSWORD, "198.51.100.1")
    bearer = ask._replace(header="authorization", key=f"Bearer {token}")
    for _ in tqdm(range(count), unit="round"):
        for name, load in (("key", ask), ("token", bearer)):
            found[name].append(measure(port, load, CONNECTIONS, seconds))
        for name, addresses in ADDRESSES.items():
            with logins(port, addresses, answered[name]):
                found[name].append(measure(port, ask, CONNECTIONS, seconds))
    return found, answered


def report(found: dict[str, list[Found]], answered: dict[str, list[int]]) -> None:
    """Print the table, and whether the goals were met."""
    print(f"{'':24}{'requests/s':>12}{'share':>8}{'p99 ms':>9}{'p99 x':>7}  failed, goal")
    for name, measured in found.items():
        pairs = list(zip(measured, found["key"], strict=True))
        rate, p99 = (statistics.median(values) for values in ([m.rate for m in measured], [m.p99 for m in measured]))
        share = statistics.median(one.rate / base.rate for one, base in pairs)
        times = statistics.median(one.p99 / base.p99 for one, base in pairs)
        goals = {"key": "", "token": f"share >= {LEAST_SHARE}: {'met' if share >= LEAST_SHARE else 'missed'}"}
        goal = goals.get(name, f"p99 x <= {MOST_TIMES:g}: {'met' if times <= MOST_TIMES else 'missed'}")
        label = name if name in goals else f"key, logins of {name}"
        print(f"{label:24}{rate:12.0f}{share:8.3f}{p99:9.2f}{times:7.2f}  {sum(m.failed for m in measured)}, {goal}")
    for name, statuses in answered.items():
        counted = sorted(Counter(statuses).items())
        print(f"logins of {name}: {', '.join(f'{count} x {status}' for status, count in counted)}")


def main() -> None:
    """Start, measure, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=2.0, help="of each measurement; wrk takes whole seconds")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="lastro-login-") as made:
        folder, table = Path(made), applicants(ROWS, SEED)
        rows = list(table.astype(object).where(table.notna(), None).to_dict(orient="records"))
        ask = Load("POST", "/predict", write_lines(folder / "rows.jsonl", rows), KEY)
        with running(folder) as server:
            found, answered = rounds(server.port, ask, asked.rounds, asked.seconds)
        print(f"{asked.rounds} rounds of {asked.seconds:g} s, {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}")
        report(found, answered)


if __name__ == "__main__":
    main()
