"""the commands of the monitor: what each asks, answers, ends with; what one needs is imported when it is asked for"""

import getpass
import json
import sys
from argparse import ArgumentParser, ArgumentTypeError, Namespace
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from src.command_line import MOMENT, moment
from src.errors import LastroError
from src.monitoring.settings import read_settings

PERIODS = 2  # without a success, after which nobody knows how things are


def minutes(text: str) -> float:
    """Return minutes; raises argparse's error for what is no number above 0."""
    with suppress(ValueError):
        if 0 < (found := float(text)) <= 1440:
            return found
    raise ArgumentTypeError(f"{text!r} is not a number of minutes above 0, at most 1440")


def add_run(commands: Any) -> None:
    """Add `run`."""
    about = (
        "count new predictions, judge closed windows, move alerts on and send messages; exit code: 0 ran | 2 could not"
    )
    parser: ArgumentParser = commands.add_parser("run", help=about, description=about)
    parser.add_argument("--now", type=moment, metavar="T", help=f"the monitor's clock: {MOMENT}")
    parser.add_argument("--json", action="store_true", help="say what was done as JSON")
    parser.add_argument("--every", type=minutes, nargs="?", const=0.0, metavar="MINUTES",
                        help="go on until it is stopped; without a number LASTRO_MONITOR_MINUTES")  # fmt: skip
    parser.set_defaults(command=_run)


def add_status(commands: Any) -> None:
    """Add `status`."""
    about = "say which alerts fire; exit code: 0 none | 1 one or more | 2 no run succeeded for two periods"
    parser: ArgumentParser = commands.add_parser("status", help=about, description=about)
    parser.add_argument("--json", action="store_true", help="the same as JSON")
    parser.set_defaults(command=_status)


def add_acknowledge(commands: Any) -> None:
    """Add `acknowledge`."""
    about = "let an alert, and the same check's next ones, ring no more; exit code: 0 done | 2 not done"
    parser: ArgumentParser = commands.add_parser("acknowledge", help=about, description=about)
    parser.add_argument("id", metavar="ID", help="of the alert, as its message and `status` have it")
    parser.add_argument("--why", required=True, metavar="T", help="in a few words; it is kept")
    parser.add_argument(
        "--until", type=moment, metavar="T", help=f"from when on it rings again: {MOMENT}; without, never"
    )
    parser.set_defaults(command=_acknowledge)


def add_outcomes(commands: Any) -> None:
    """Add `outcomes`."""
    about = (
        "record outcomes and groups of a CSV: prediction_id, outcome, observed_at, and a column for each protected"
        " field, in labels or in the codes of the file; exit code: 0 all are known | 1 some were refused, and"
        " stand in FILE.rejected.csv | 2 nothing done"
    )
    parser: ArgumentParser = commands.add_parser("outcomes", help="record outcomes of a CSV", description=about)
    parser.add_argument("file", type=Path, metavar="FILE", help="UTF-8, with a header; empty cells tell nothing")
    parser.set_defaults(command=_outcomes)


def add_rebase(commands: Any) -> None:
    """Add `rebase`."""
    about = (
        "take the applicants of a time as what a version's drift is judged against; exit code: 0 done | 2 nothing done"
    )
    parser: ArgumentParser = commands.add_parser("rebase", help=about, description=about)
    parser.add_argument("version", metavar="VERSION", help="its number, or its served form's sha256")
    parser.add_argument("--since", type=moment, required=True, metavar="A", help=f"from then on, by hours: {MOMENT}")
    parser.add_argument("--until", type=moment, required=True, metavar="B", help="until then")
    parser.add_argument("--why", required=True, metavar="T", help="in a few words; it is kept")
    parser.set_defaults(command=_rebase)


def add_report(commands: Any) -> None:
    """Add `report`."""
    parser = commands.add_parser(
        "report",
        help="write what the monitor found as one HTML file that opens without a network",
        description="Write checks, cohorts and alerts of the last year as one HTML file; it holds counts, no applicant."
        " Exit codes: 0 written, 2 nothing written.",
    )
    parser.add_argument("--output", type=Path, metavar="FILE", help="default: monitoring.html in LASTRO_STATE (var)")
    parser.set_defaults(command=_report)


def add_demo(commands: Any) -> None:
    """Add `demo`."""
    about = (
        "fill a log of its own with fifteen months of simulated traffic, watch it, write the report; "
        "exit code: 0 done | 2 could not"
    )
    commands.add_parser("demo", help=about, description=about).set_defaults(command=_demo)


def _run(asked: Namespace) -> int:
    settings = read_settings()
    if asked.every is not None:
        if asked.now is not None:
            raise LastroError("--now: not with --every, which goes by the clock")
        from src.monitoring.service import follow

        follow(settings, asked.every or settings.monitor_minutes)
    from src.monitoring.run import opened, told

    with opened(settings) as monitor:
        found = monitor.run(asked.now or datetime.now(UTC))
    sys.stdout.write(f"{json.dumps(found) if asked.json else told(found)}\n")
    return 0


def _status(asked: Namespace) -> int:
    from src.monitoring.log import log_of
    from src.monitoring.status import described, status

    settings = read_settings()
    with log_of(settings) as engine:
        found = status(engine, PERIODS * timedelta(minutes=settings.monitor_minutes), datetime.now(UTC))
    sys.stdout.write(f"{json.dumps(found) if asked.json else described(found)}\n")
    if found["overdue"]:
        return 2
    return int(any(alert["state"] == "firing" for alert in found["alerts"]))


def _acknowledge(asked: Namespace) -> int:
    from src.monitoring.alerts import acknowledge
    from src.monitoring.log import log_of

    if not (why := asked.why.strip()):
        raise LastroError("--why: say why, in a few words: it is kept")
    with log_of(read_settings()) as engine:
        alert = acknowledge(engine, asked.id, why, _who(), asked.until, datetime.now(UTC))
    until = f"before {asked.until:%Y-%m-%d %H:%M} UTC" if asked.until else "any more"
    sys.stdout.write(f"{alert['kind']} {alert['subject']}: does not ring {until}\n")
    return 0


def _outcomes(asked: Namespace) -> int:
    from src.monitoring.outcomes import record_outcomes

    found, rejected = record_outcomes(asked.file, read_settings(), datetime.now(UTC))
    told = ", ".join(f"{count} {status}" for status, count in sorted(found.items())) or "no lines"
    sys.stdout.write(f"{told}; see {rejected}\n" if found["refused"] else f"{told}\n")
    return int(found["refused"] > 0)


def _rebase(asked: Namespace) -> int:
    from src.lineage.policy import POLICY, read_policy
    from src.monitoring.log import log_of
    from src.monitoring.rebasing import named, rebase
    from src.monitoring.settings import ROOT
    from src.monitoring.versions import read_versions

    if not (why := asked.why.strip()):
        raise LastroError("--why: say why, in a few words: it is kept")
    settings, least = read_settings(), read_policy(ROOT / POLICY).monitoring.least_rows
    version = named(read_versions(settings.deliveries, settings.models), asked.version)
    with log_of(settings) as engine:
        rows = rebase(engine, version, asked.since, asked.until, why, _who(), datetime.now(UTC), least)
    name = version.number or version.form_sha256
    sys.stdout.write(f"version {name} is judged against {rows} applications from now on, by `run`\n")
    return 0


def _report(asked: Namespace) -> int:
    from src.monitoring.report import report

    return report(asked)


def _demo(asked: Namespace) -> int:
    from src.monitoring.demo import demo

    return demo(asked)


def _who() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # a container's user without a name
        return "unknown"
