"""Several versions: what `?model=`, the shadow, a share for the challenger and switches of the champion cost.

The scorecard is fitted on the training split and delivered as several versions, which differ in their threshold. One
worker is asked on 64 connections, every applicant of the test split in turn: with one version, with three, with
`?model=` champion and a number, with the challenger's shadow, with half of the applicants for the challenger. Servers
take turns in each round, another one first each time; a share compares a server with that of three versions in the same
round: by requests a second, and, as other load on the machine disturbs less, by a request's time of a processor.
Medians of all rounds are shown.

Then two workers serve while the champion is switched once a second, each time to a version that is built anew:
requests that failed, p99 beside the p99 without switches, memory after a fifth of the switches and after all.
"""

import argparse
import json
import os
import shutil
import statistics
import tempfile
import time
from collections import defaultdict, deque
from collections.abc import Collection
from concurrent.futures import ThreadPoolExecutor
from itertools import count, cycle, islice
from pathlib import Path
from typing import NamedTuple

from tqdm import tqdm

from benchmarks._load import Found, Load, measure
from benchmarks._models import fitted, tested
from benchmarks._servers import Server, service
from benchmarks.serving import KEY, bodies, running
from benchmarks.serving import Target as Asked
from src.files import sha256_of, write_json
from src.serving.export import EXPORT

CONNECTIONS = 64
KEPT = 3  # versions that serving.json names
BASE = "three versions"
EVENTS = count(1)
LEAST = 1e-9


def forms(models: Path, folder: Path, many: int) -> list[Path]:
    """Write served forms of one model, whose thresholds differ so little that they decide alike."""
    made, threshold = [], json.loads((models / "model.json").read_text())["threshold"]
    for number in range(many):
        to = folder / str(number)
        shutil.copytree(models, to)
        card = json.loads((to / "model.json").read_text()) | {"threshold": threshold + number * LEAST}
        (to / "model.json").write_text(json.dumps(card))
        export = json.loads((to / EXPORT).read_text()) | {"card_sha256": sha256_of((to / "model.json").read_bytes())}
        (to / EXPORT).write_text(json.dumps(export))
        made.append(to)
    return made


def deliver(serving: Path, known: list[Path], champion: int, spoiled: Collection[int] = ()) -> None:
    """Write what delivery would: this champion and the ones after it, the first of them the challenger.

    Of those that are to be spoiled a byte is changed on the disk, and nothing says so.
    """
    numbers = [(champion + step) % len(known) for step in range(KEPT)]
    versions = {}
    for number in numbers:
        form = sha256_of((known[number] / EXPORT).read_bytes())
        folder = serving / "versions" / form
        if not folder.exists():
            shutil.copytree(known[number], folder)
            if number in spoiled:
                card = folder / "model.json"
                card.write_bytes(card.read_bytes().replace(b"1", b"2", 1))
        sha256 = json.loads((known[number] / "model.json").read_text())["sha256"]
        versions[str(number + 1)] = {
            "folder": f"versions/{form}", "form_sha256": form, "sha256": sha256, "git_commit": None,
            "files": {path.name: sha256_of(path.read_bytes()) for path in known[number].iterdir()},
        }  # fmt: skip
    names = [str(number + 1) for number in numbers]
    content = {"event": next(EVENTS), "champion": names[0], "challenger": names[1], "versions": versions}
    write_json(serving / "serving.json", content)


def targets(folder: Path, models: Path, rows: Path) -> dict[str, Asked]:
    """All that is measured of one worker."""
    load, known = Load("POST", "/predict", rows, KEY), forms(models, folder / "forms", KEPT)

    def started(name: str, **env: str) -> Server:
        deliver(folder / name / "serving", known, 0)
        return service(models, folder / name, KEY, **env)

    three = started("three")
    return {
        "one version": Asked(service(models, folder / "one", KEY), load),
        BASE: Asked(three, load),
        "?model=champion": Asked(three, load._replace(path="/predict?model=champion")),
        "?model=3": Asked(three, load._replace(path="/predict?model=3")),
        "shadow": Asked(started("shadow", LASTRO_SHADOW="true"), load),
        "half for the challenger": Asked(started("share", LASTRO_CHALLENGER_SHARE="0.5"), load),
    }


class Cost(NamedTuple):
    """What a server did, and the microseconds of a processor that a request took."""

    rate: float
    p99: float
    failed: int
    cpu: float


def cost(asked: Asked, seconds: float) -> Cost:
    """Measure a server."""
    before = asked.server.seconds()
    found = measure(asked.server.port, asked.load, CONNECTIONS, seconds)
    return Cost(*found, 1e6 * (asked.server.seconds() - before) / max(1, found.rate * seconds))


def compare(folder: Path, models: Path, rows: Path, rounds: int, seconds: float) -> dict[str, Cost]:
    """Print what each target does, and return it as a share of what it does with three versions."""
    asked = targets(folder, models, rows)
    found: dict[str, list[Cost]] = defaultdict(list)
    with running(asked, folder / "log"):
        order = deque(asked)
        for _ in tqdm(range(rounds), unit="round"):
            for name in order:
                found[name].append(cost(asked[name], seconds))
            order.rotate()  # who comes after others finds the disk still busy with their rows
    shares = {}
    print(f"{'':26}{'requests/s':>12}{'share':>8}{'CPU us':>8}{'share':>8}{'p99 ms':>9}  failed")
    for name, measured in found.items():
        pairs = list(zip(measured, found[BASE], strict=True))
        rate, p99, _, cpu = map(statistics.median, zip(*measured, strict=True))
        share, costs = (statistics.median(of) for of in ([one.rate / base.rate for one, base in pairs],
                                                         [base.cpu / one.cpu for one, base in pairs]))  # fmt: skip
        failed = sum(one.failed for one in measured)
        shares[name] = Cost(share, p99, failed, costs)
        print(f"{name:26}{rate:12.0f}{share:8.3f}{cpu:8.0f}{costs:8.3f}{p99:9.1f}  {failed}")
    return shares


def switch(server: Server, serving: Path, known: list[Path], switches: int, spoiled: Collection[int]) -> list[float]:
    """Make another version champion once a second; return the memory after a fifth of the switches and after all."""
    memory = []
    for number, champion in enumerate(islice(cycle(range(len(known))), 1, switches + 1), start=1):
        deliver(serving, known, champion, spoiled)
        time.sleep(1)
        if number in (max(1, switches // 5), switches):
            memory.append(server.memory())
    return memory


def switched(
    folder: Path, models: Path, rows: Path, switches: int, spoiled: Collection[int] = ()
) -> tuple[Found, Found, list[float]]:
    """Return what two workers do without and with a switch a second, and their memory in MiB."""
    known, state = forms(models, folder / "many", 2 * KEPT), folder / "switched"
    deliver(state / "serving", known, 0)
    server, load = service(models, state, KEY, workers=2), Load("POST", "/predict", rows, KEY)
    with running({"": Asked(server, load)}, folder / "log"), ThreadPoolExecutor(1) as pool:
        quiet = measure(server.port, load, CONNECTIONS, max(5, switches / 5))
        memory = pool.submit(switch, server, state / "serving", known, switches, spoiled)
        return quiet, measure(server.port, load, CONNECTIONS, switches + 1), memory.result()


def main() -> None:
    """Fit, serve, measure, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=2.0, help="of each measurement; wrk takes whole seconds")
    parser.add_argument("--switches", type=int, default=20)
    parser.add_argument("--candidate", default="scorecard", help="name in params.yaml")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="lastro-versions-") as made:
        folder = Path(made)
        rows, _ = bodies(folder, tested())
        (candidate,) = fitted(folder, [asked.candidate])
        by, load = "wrk" if shutil.which("wrk") else "Python", os.getloadavg()[0]
        print(f"{asked.candidate}, {CONNECTIONS} connections, {by}, {os.cpu_count()} cores, load {load:.1f}")
        if asked.rounds:
            compare(folder, candidate.served, rows, asked.rounds, asked.seconds)
        if asked.switches:
            quiet, busy, memory = switched(folder, candidate.served, rows, asked.switches)
            print(f"{asked.switches} switches: {busy.failed} failed of {busy.rate * (asked.switches + 1):.0f},"
                  f" p99 {busy.p99:.1f} ms ({quiet.p99:.1f} without), memory {memory[0]:.0f} MiB after a fifth,"
                  f" {memory[-1]:.0f} after all")  # fmt: skip


if __name__ == "__main__":
    main()
