"""a table as it was published -> data/external/NAME/datapackage.yaml, to be read and edited

python -m src.contract.draft FILE --target COLUMN --bad VALUE
"""

import argparse
import re
import shlex
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import pyarrow as arrow
import pyarrow.compute as compute

from src.contract.drafting.profile import BAD, GOOD, NEITHER, profiles_of
from src.contract.drafting.proposal import Decision, Proposal, costs
from src.contract.drafting.propose import propose
from src.contract.drafting.reading import OF_TEXT
from src.contract.drafting.rows import Rows, parquet_chunks, parquet_names
from src.contract.drafting.sniff import sniff
from src.contract.drafting.source import Source, read_source
from src.contract.drafting.writing import FOLDER, LARGE, PACKAGE, check_free, name_of, package_text, publish
from src.contract.fields import ContractError
from src.errors import run


def draft(
    path: Path, target: str, bad: Sequence[str], good: Sequence[str], name: str
) -> tuple[Source, str, list[Decision]]:
    """Return the published file, the package proposed for it as YAML, and what is to be decided."""
    source = read_source(path)
    layout = None if source.format == "parquet" else sniff(source, target)
    names = parquet_names(source) if layout is None else layout.names
    if target not in names:
        raise ContractError(f"{path}: no column {target!r}; it has {', '.join(map(repr, names))}")
    rows = None if layout is None else Rows(source, layout, target)
    chunks = parquet_chunks(source, len(names)) if rows is None else rows.chunks()
    profiles = profiles_of(names)
    for columns, groups in _grouped(chunks, names.index(target), bad, good):
        for profile, values in zip(profiles, columns, strict=True):
            profile.add(values, groups)
    if not profiles[0].rows:
        raise ContractError(f"{path}: no rows; a table needs at least one")
    proposals = propose(profiles, target, bad, good, layout.delimiter if layout else ",")
    last = costs(target)
    text = package_text(name, source, layout, rows.comments if rows else [], proposals, last)
    return source, text, [*_decisions(proposals), last]


def _grouped(
    chunks: Iterator[list[arrow.StringArray]], target: int, bad: Sequence[str], good: Sequence[str]
) -> Iterator[tuple[list[arrow.StringArray], np.ndarray]]:
    """Yield each chunk with the group of its rows: bad or good, in one of two halves drawn by the row's number."""
    first = 0
    for columns in chunks:
        outcome = columns[target]
        is_bad = compute.is_in(outcome, arrow.array(bad, arrow.string())).to_numpy(zero_copy_only=False)
        named = compute.is_in(outcome, arrow.array(good, arrow.string())).to_numpy(zero_copy_only=False)
        words = compute.utf8_lower(compute.utf8_trim_whitespace(outcome))
        blank = compute.is_in(words, arrow.array(["", *sorted(OF_TEXT)])).to_numpy(zero_copy_only=False)
        is_good = named if good else ~is_bad & ~blank
        numbers = np.arange(first, first + len(outcome), dtype=np.uint64)
        half = ((numbers * np.uint64(2654435761)) >> np.uint64(15)) % np.uint64(2)  # Knuth's multiplicative hash
        groups = np.where(is_bad, BAD, np.where(is_good, GOOD, NEITHER)) + 2 * half.astype(np.int64)
        yield columns, np.where(is_bad | is_good, groups, NEITHER)
        first += len(outcome)


def _decisions(proposals: Sequence[Proposal]) -> list[Decision]:
    return [decision for proposal in proposals for decision in proposal.decisions]


def _line(decision: Decision) -> str:
    return "\t".join(
        ["decide", *(re.sub(r"\s", " ", part) for part in (decision.field, decision.kind, decision.sentence))]
    )


def arguments(words: Sequence[str] | None = None) -> argparse.Namespace:
    """Return what the command line asks for."""
    parser = argparse.ArgumentParser(
        prog="python -m src.contract.draft", description="Propose a data package for a table."
    )
    parser.add_argument("file", type=Path, metavar="FILE", help="CSV, gzip, zip or Parquet, as it was published")
    parser.add_argument("--target", required=True, metavar="COLUMN", help="the column that says who defaulted")
    parser.add_argument(
        "--bad", required=True, action="append", metavar="VALUE", help="its value for a default; may be given again"
    )
    parser.add_argument(
        "--good",
        action="extend",
        nargs="+",
        default=[],
        metavar="VALUE",
        help="its values for no default, where it has more than two",
    )
    parser.add_argument("--name", help="the package's name; default: the file's, in kebab-case")
    parser.add_argument("--force", action="store_true", help="write anew over an existing package")
    return parser.parse_args(words)


def main() -> None:
    """Write the package that the command line asks for, and print what is to be decided."""
    asked = arguments()
    name = asked.name or name_of(asked.file)
    if not re.fullmatch(r"[a-z0-9][a-z0-9._-]*", name):
        raise ContractError(f"--name {name!r}: small letters, digits, '-', '_' and '.' make a name")
    folder = FOLDER / name
    check_free(folder, asked.force)
    source, text, decisions = draft(asked.file, asked.target, asked.bad, asked.good, name)
    publish(folder, text, source)
    lines = [_line(decision) for decision in decisions]
    lines += [f"dvc add {shlex.quote(str(folder / source.path.name))}"] if source.size > LARGE else []
    print("\n".join([*lines, f"params.yaml: dataset: {folder / PACKAGE}"]))  # noqa: T201


if __name__ == "__main__":
    run(main)
