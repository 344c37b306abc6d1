"""what is asked for -> `sync`, `query`, `tables`, …: each adds its own parser and says its exit codes in `--help`"""

import json
import sys
from argparse import ArgumentParser, Namespace
from collections.abc import Iterable, Sequence
from typing import Any

from src.errors import LastroError
from src.lake.settings import ROOT, read_settings

ENDS = "exit code: 0 done | 2 could not"


def add_sync(commands: Any) -> None:
    """Add `sync`."""
    about = f"bring all tables up to date; a killed one is simply run again; {ENDS}"
    parser: ArgumentParser = commands.add_parser("sync", help=about, description=about)
    parser.add_argument(
        "--without-inputs", action="store_true", help="what is added to gold.predictions has neither inputs nor reasons"
    )
    parser.add_argument("--json", action="store_true", help="print what was done as JSON")
    parser.set_defaults(command=_sync)


def add_query(commands: Any) -> None:
    """Add `query`."""
    about = f"ask the tables in DuckDB's SQL, which can only read; {ENDS}"
    parser: ArgumentParser = commands.add_parser("query", help=about, description=about)
    parser.add_argument("sql", metavar="SQL", help="one SELECT, of gold.predictions for instance; `tables` names them")
    parser.add_argument(
        "--model-version", type=int, metavar="N", help="of bronze and silver the data that version N was trained on"
    )
    parser.add_argument("--json", action="store_true", help="print a JSON object a row")
    parser.set_defaults(command=_query)


def add_tables(commands: Any) -> None:
    """Add `tables`."""
    about = f"list the tables with rows, snapshots and tags; {ENDS}"
    parser: ArgumentParser = commands.add_parser("tables", help=about, description=about)
    parser.add_argument("--json", action="store_true", help="print a JSON array")
    parser.set_defaults(command=_tables)


def add_lineage(commands: Any) -> None:
    """Add `lineage`."""
    about = f"after `dvc repro`: tell what dvc.lock says as OpenLineage events, to LASTRO_OPENLINEAGE_URL; {ENDS}"
    parser: ArgumentParser = commands.add_parser("lineage", help=about, description=about)
    parser.add_argument("--to", metavar="PLACE", help="a file or an address instead")
    parser.set_defaults(command=_lineage)


def add_expire(commands: Any) -> None:
    """Add `expire`."""
    about = f"take a version's tag away, and what only that held: its training data cannot be asked any more; {ENDS}"
    parser: ArgumentParser = commands.add_parser("expire", help=about, description=about)
    parser.add_argument("--model-version", type=int, metavar="N", required=True, help="the version")
    parser.set_defaults(command=_expire)


def _sync(asked: Namespace) -> int:
    from src.lake.catalog import opened
    from src.lake.openlineage import client_of, of_sync
    from src.lake.sync import sync
    from src.lineage.storage import remote

    settings, place = read_settings(), remote(ROOT)
    with opened(settings, place) as catalog, of_sync(client_of(settings.told), ROOT, catalog):
        found = sync(catalog, settings, ROOT, place, inputs=not asked.without_inputs)
    told = ", ".join(f"{name} {said(value)}" for name, value in found.items() if value)
    write([json.dumps(found) if asked.json else told or "nothing new"])
    return 0


def _query(asked: Namespace) -> int:
    from src.lake.catalog import opened
    from src.lake.query import answer
    from src.lineage.storage import remote

    with opened(read_settings(), remote(ROOT)) as catalog:
        found = answer(catalog, asked.sql, asked.model_version)
        if not asked.json:
            write(["\t".join(found.columns)])
        for rows in found.rows:
            write(line(found.columns, row, asked.json) for row in rows)
    return 0


def _tables(asked: Namespace) -> int:
    from src.lake.catalog import opened
    from src.lake.listing import lines, listed
    from src.lineage.storage import remote

    with opened(read_settings(), remote(ROOT)) as catalog:
        found = listed(catalog)
    write([json.dumps(found)] if asked.json else lines(found) or ["no tables yet: `sync` makes them"])
    return 0


def _lineage(asked: Namespace) -> int:
    from src.lake.openlineage import client_of, of_pipeline, tell
    from src.lineage.storage import remote

    client = client_of(asked.to or read_settings().told)
    if client is None:
        raise LastroError("LASTRO_OPENLINEAGE_URL: not set, and no --to: nobody is told")
    events = of_pipeline(ROOT, remote(ROOT))
    tell(client, events)
    write([f"told of {len(events)} stages: {', '.join(event.job.name for event in events)}"])
    return 0


def _expire(asked: Namespace) -> int:
    from src.lake.catalog import opened
    from src.lake.forget import expire
    from src.lineage.storage import remote

    place = remote(ROOT)
    with opened(read_settings(), place) as catalog:
        write(expire(catalog, place, asked.model_version))
    return 0


def line(columns: Sequence[str], row: Sequence[Any], as_json: bool) -> str:
    """Return a row as JSON, or its values with tabs between them."""
    if as_json:
        return json.dumps(dict(zip(columns, row, strict=True)), default=str)
    return "\t".join("" if value is None else str(value) for value in row)


def said(value: int | str | Sequence[str]) -> str:
    """Return what was done in a few words."""
    return f"{value:,}" if isinstance(value, int) else value if isinstance(value, str) else " ".join(value)


def write(lines: Iterable[str]) -> None:
    """Write lines."""
    sys.stdout.writelines(f"{line}\n" for line in lines)
