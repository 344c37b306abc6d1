"""inputs, a model, options -> a run and its identifier, which follows from these alone: the same is the same run"""

import json
import re
from collections.abc import Sequence
from typing import NamedTuple

from src.contract.package import Package
from src.files import sha256_of
from src.journal.batch_ids import run_id

ENDINGS = re.compile(r"(\.(csv|tsv|txt|data|dat|parquet|pq))?(\.(gz|zip))?$", re.IGNORECASE)
UNREAD = {"path", "hash", "bytes", "sources", "costs", "outcomes", "name"}  # of a resource: none decides how it is read


class Input(NamedTuple):
    """A file: its address, its size, its hash."""

    path: str
    bytes: int
    sha256: str


class Run(NamedTuple):
    """What is scored, by which model, how."""

    run_id: str
    form_sha256: str
    model_sha256: str
    model_version: str | None
    git_commit: str | None
    name: str
    reasons: bool
    contract_sha256: str
    inputs: tuple[Input, ...]


class Origin(NamedTuple):
    """Which version a model is, of which commit; neither is known of a folder that was not published."""

    version: str | None
    git_commit: str | None


def identified(run: Run) -> Run:
    """Return the run with its identifier."""
    content = json.dumps(facts_of(run), sort_keys=True, separators=(",", ":"))
    return run._replace(run_id=run_id(sha256_of(content.encode())))


def facts_of(run: Run) -> dict[str, object]:
    """Return what a run is made of: no name of a file, no machine, no time."""
    inputs = [[one.bytes, one.sha256] for one in run.inputs]
    kept = {"form_sha256", "model_sha256", "model_version", "reasons", "contract_sha256"}
    return {"inputs": inputs} | {name: value for name, value in run._asdict().items() if name in kept}


def contract_sha256(package: Package) -> str:
    """Return the hash of what decides how a package's files are read."""
    content = package.resource.model_dump_json(exclude=UNREAD)
    return sha256_of(content.encode())


def stems_of(paths: Sequence[str]) -> list[str]:
    """Return a name for each file's parts: its own without its endings, with its folders' where two have the same.

    >>> stems_of(["/a/one.csv.gz", "/a/two.parquet"]), stems_of(["/a/may/x.csv", "/a/june/x.csv"])
    (['one', 'two'], ['may-x', 'june-x'])
    """
    parts = [ENDINGS.sub("", path.rstrip("/")).split("/") for path in paths]
    for depth in range(1, max(map(len, parts)) + 1):
        found = ["-".join(part[-depth:]) for part in parts]
        if len(set(found)) == len(found):
            return found
    return [f"{stem}-{number}" for number, stem in enumerate("-".join(part[-1:]) for part in parts)]
