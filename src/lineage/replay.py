"""the log -> each prediction computed again from Git and DVC's objects alone, and whether it is the same

`python -m src.lineage.replay ID`, `--since 2026-01-31T12:00:00Z` for all from then on, or `--batch MANIFEST` for rows
of a batch, whose inputs are read from its files again. A row's served form names a commit, its service the code that
answered: both come from Git, the objects from DVC's remote, and that code computes with that model. Probability of
default to the last bit, score, decision and reasons are compared.
"""

import argparse
import json
import logging
import sys
from collections import Counter
from collections.abc import Iterator
from typing import Any
from uuid import UUID

from src.command_line import MOMENT, count, moment
from src.errors import LastroError, refusal, run
from src.journal.batch_ids import of_batch
from src.journal.reader import Reader, read_log
from src.journal.tables import Entry
from src.lineage.commits import History
from src.lineage.rerun import Answer, Workshop
from src.lineage.settings import ROOT, read_settings
from src.lineage.storage import get_object
from src.lineage.trials import Trials
from src.lineage.verdicts import Outcome, Verdict, exit_code, logged

log = logging.getLogger(__name__)
CANNOT = 2
ROWS = 200  # of a batch


def arguments() -> argparse.Namespace:
    """Return what the command line says."""
    ends = "Exit code: 1 if any differs, else 2 if any cannot be shown, was forgotten, or none was found, else 0."
    parser = argparse.ArgumentParser(prog="python -m src.lineage.replay", description=__doc__, epilog=ends)
    which = parser.add_mutually_exclusive_group(required=True)
    which.add_argument("id", nargs="?", type=UUID, metavar="ID", help="of one prediction, whoever asked for it")
    which.add_argument("--since", type=moment, metavar="T", help=f"all from then on: {MOMENT}")
    which.add_argument("--batch", metavar="MANIFEST", help="rows of a batch run: OUTPUT/manifest.json, local or s3://")
    parser.add_argument("--limit", type=count, metavar="N", help="the first N of those from T on")
    parser.add_argument("--rows", type=count, default=ROWS, metavar="N",
                        help=f"of a batch, spread evenly over its files (default: {ROWS})")  # fmt: skip
    parser.add_argument("--json", action="store_true", help="a JSON object a line")
    parser.add_argument("--rebuild", action="store_true", help="install the libraries of each commit's own lock first")
    return parser.parse_args()


def replayed(asked: argparse.Namespace) -> Iterator[tuple[Entry, Outcome]]:
    """Yield each prediction that is asked for, and what came of it."""
    environments = read_settings().state / "replay" if asked.rebuild else None
    with read_log(get_object) as reader, Workshop(ROOT, History(ROOT), environments) as workshop:
        trials = Trials(workshop)
        if asked.batch or (asked.id and of_batch(str(asked.id))):
            yield from of_batches(asked, reader, trials)
            return
        parts = [reader.find(str(asked.id))] if asked.id else reader.since(asked.since, asked.limit)
        for entries in parts:
            services = reader.services(entry.service_id for entry in entries if entry.service_id)
            yield from zip(entries, trials.outcomes(entries, services), strict=True)


def of_batches(asked: argparse.Namespace, reader: Reader, trials: Trials) -> Iterator[tuple[Entry, Outcome]]:
    """Yield rows of a batch, or the one row of an identifier, and what came of each."""
    from src.batch.replaying import replay_manifest, replay_row  # pyarrow and the contract, which others do not need

    if asked.batch:
        return replay_manifest(reader, trials, asked.batch, asked.rows)
    return replay_row(reader, trials, str(asked.id))


def as_json(entry: Entry, outcome: Outcome) -> str:
    """Return a prediction's line for programs."""
    verdict, missing, again, lineage, says = outcome
    facts = {"id": entry.id, "verdict": verdict, "missing": missing, "logged": logged(entry), "again": again}
    return json.dumps(facts | {"lineage": lineage, "says": list(says)}, ensure_ascii=False)


def as_text(entry: Entry, outcome: Outcome, shown: set[str]) -> str:
    """Return a prediction's lines for people; where it comes from only if no line before has said the same."""
    verdict = f"{outcome.verdict} ({outcome.missing})" if outcome.missing else outcome.verdict
    answers = [logged(entry)] if outcome.verdict in ("equal", "forgotten") else [logged(entry), outcome.again]
    lines = [f"{entry.id}  {verdict}  {', again '.join(map(told, answers))}"]
    lines += [f"  {sentence}" for sentence in outcome.says]
    comes = "\n".join(f"    {name.replace('_', ' '):<13} {named(value)}" for name, value in outcome.lineage.items())
    if comes not in shown:
        shown.add(comes)
        lines.append(comes)
    return "\n".join(lines)


def told(answer: Answer) -> str:
    """Return an answer's numbers in a line."""
    if not answer:
        return "nothing"
    reasons = ", ".join(reason["feature"] for reason in answer["reasons"])
    head = f"PD {answer['probability_of_default']!r}, score {answer['score']}, {answer['decision']}"
    return f"{head}: {reasons}" if reasons else head


def named(value: Any) -> str:
    """Return a fact of the lineage as a text."""
    if isinstance(value, dict):
        return ", ".join(f"{name} {version}" for name, version in value.items())
    return "not known" if value is None else str(value)


def tell(asked: argparse.Namespace) -> int:
    """Print a line a prediction and return the exit code; raises LastroError where the log cannot be read."""
    verdicts: Counter[Verdict] = Counter()
    shown: set[str] = set()
    for entry, outcome in replayed(asked):
        verdicts[outcome.verdict] += 1
        print(as_json(entry, outcome) if asked.json else as_text(entry, outcome, shown), flush=True)  # noqa: T201
    if not verdicts:
        raise LastroError("there is no such prediction in the log")
    log.info("%s", ", ".join(f"{number} {verdict}" for verdict, number in verdicts.items()))
    return exit_code(set(verdicts))


def main() -> None:
    """Compute again what is asked for."""
    asked = arguments()
    try:
        sys.exit(tell(asked))
    except LastroError as error:
        log.error("error: %s", error)
    except OSError as error:
        log.error("error: %s", refusal(error))
    sys.exit(CANNOT)


if __name__ == "__main__":
    run(main)
