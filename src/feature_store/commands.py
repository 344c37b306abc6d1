"""the commands of the feature store: what each asks, answers, ends with; what one needs is imported when it is asked"""

import json
import sys
from argparse import ArgumentParser, Namespace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from src.feature_store.settings import read_settings

ENDS = "exit code: 0 done | 2 nothing done"


def add_add(commands: Any) -> None:
    """Add `add`."""
    about = (
        "check each row of a file by the contract of params.yaml's data package and add it as a delivery, one Parquet"
        f" with DVC; {ENDS}"
    )
    parser: ArgumentParser = commands.add_parser("add", help="add a file of applicants", description=about)
    parser.add_argument("file", type=Path, metavar="FILE", help="written as the data package's own file, or Parquet")
    parser.add_argument("--id", required=True, metavar="COLUMN|row", help="the applicants' ids, or the row's place")
    parser.add_argument("--time", required=True, metavar="COLUMN|TIME", help="since when the features are true")
    parser.add_argument(
        "--known",
        metavar="COLUMN|TIME",
        help="since when they are known here (known_at); default: now, with which a loaded history joins to nothing",
    )
    parser.set_defaults(command=_add)


def add_materialize(commands: Any) -> None:
    """Add `materialize`."""
    about = f"bring each applicant's newest row that is known by now into the online table; {ENDS}"
    commands.add_parser("materialize", help=about, description=about).set_defaults(command=_materialize)


def add_join(commands: Any) -> None:
    """Add `join`."""
    about = (
        "for each event find the newest features with event_time and known_at by then, and write them with what the"
        f" event says as a data set to train on; {ENDS}"
    )
    parser: ArgumentParser = commands.add_parser("join", help="make a data set to train on", description=about)
    parser.add_argument(
        "events",
        type=Path,
        metavar="EVENTS",
        help="CSV (UTF-8, commas, a header) or Parquet: id, time, and fields that are no features, in codes or labels",
    )
    parser.add_argument("output", type=Path, metavar="OUTPUT", help="the folder of the data set")
    parser.add_argument("--id", default="id", metavar="COLUMN", help="of the applicants' ids; default: id")
    parser.add_argument("--time", default="time", metavar="COLUMN", help="of the events' times; default: time")
    parser.set_defaults(command=_join)


def add_status(commands: Any) -> None:
    """Add `status`."""
    about = f"say what has been added, and what the online table has of it; {ENDS}"
    parser: ArgumentParser = commands.add_parser("status", help=about, description=about)
    parser.add_argument("--json", action="store_true", help="the same as JSON")
    parser.set_defaults(command=_status)


def _add(asked: Namespace) -> int:
    from src.feature_store.adding import Origin, add

    now = datetime.now(UTC)
    say(add(asked.file, Origin(asked.id, asked.time, asked.known), now))
    if asked.known is None:
        say("known_at is now: no event before it will see these rows; --known says since when they were known")
    return 0


def _materialize(_: Namespace) -> int:
    from src.feature_store.materializing import materialize
    from src.feature_store.offline import deliveries
    from src.feature_store.table import open_table

    engine = open_table(read_settings().features_address)
    try:
        found = materialize(engine, deliveries(), datetime.now(UTC))
    finally:
        engine.dispose()
    later = f", {found.later} not known yet" if found.later else ""
    say(f"{found.deliveries} new delivery(s): {found.rows} row(s) taken in{later}")
    return 0


def _join(asked: Namespace) -> int:
    from src.feature_store.dataset import PACKAGE, refuse_others, write_package
    from src.feature_store.joining import join
    from src.feature_store.offline import PARAMS, data_package, deliveries
    from src.params import read_params

    refuse_others(asked.output)
    stored = (data_package(), deliveries())
    found = join(asked.events, asked.output, (asked.id, asked.time), stored, read_settings().features_max_age)
    write_package(Path(read_params(PARAMS).dataset), asked.output, found.absent)
    left_out = f"{found.unknown} of whom nothing was known then, {found.expired} of whom it had expired"
    say(f"{found.rows} event(s) joined; left out: {left_out}")
    if found.absent:
        say(f"the data set is without {', '.join(found.absent)}: the events say nothing of it")
    say(f"params.yaml: dataset: {asked.output / PACKAGE}, then `dvc repro`")
    return 0


def _status(asked: Namespace) -> int:
    from src.feature_store.status import described, status

    settings = read_settings()
    found = status(settings.features_address, datetime.now(UTC), settings.features_max_age)
    say(json.dumps(found, ensure_ascii=False) if asked.json else described(found))
    return 0


def say(sentence: str) -> None:
    """Write a line."""
    sys.stdout.write(f"{sentence}\n")
