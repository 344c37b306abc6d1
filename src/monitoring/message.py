"""a message of a program's or a person's -> the outbox, from which the monitor sends it as it sends its own alerts

`python -m src.monitoring alert --severity critical "lastro_training: push failed" "Run …"`; the API's POST /alerts/send
does the same for whoever has no way to the log.
"""

import sys
from argparse import ArgumentParser, Namespace
from datetime import UTC, datetime
from typing import Any, get_args

from src.errors import LastroError
from src.journal.outbox import Severity, enqueue
from src.monitoring.log import log_of
from src.monitoring.settings import read_settings

LONGEST_TITLE, LONGEST_TEXT = 200, 3000  # signs, as the API has it


def add_alert(commands: Any) -> None:
    """Add `alert`."""
    about = "let the monitor send a message to whom alerts go; exit code: 0 it waits to be sent | 2 it does not"
    parser: ArgumentParser = commands.add_parser("alert", help=about, description=about)
    parser.add_argument("title", metavar="TITLE", help=f"a line of at most {LONGEST_TITLE} signs")
    parser.add_argument("text", metavar="TEXT", help=f"at most {LONGEST_TEXT} signs; nothing of an applicant's")
    parser.add_argument("--severity", choices=get_args(Severity), default="warning", help="default: warning")
    parser.set_defaults(command=_alert)


def _alert(asked: Namespace) -> int:
    title, text = fitting("TITLE", asked.title, LONGEST_TITLE), fitting("TEXT", asked.text, LONGEST_TEXT)
    if len(title.splitlines()) > 1:
        raise LastroError("TITLE: is of several lines; a title is one")
    with log_of(read_settings()) as engine, engine.begin() as connection:
        message = enqueue(connection, title, text, asked.severity, now=datetime.now(UTC))
    sys.stdout.write(f"{message}\n")
    return 0


def fitting(name: str, text: str, longest: int) -> str:
    """Return a text without the blanks around it; raises LastroError where it is empty, too long or no text."""
    text = text.strip()
    if not 0 < len(text) <= longest:
        raise LastroError(f"{name}: has {len(text)} signs; 1 to {longest} are wanted")
    if any(not sign.isprintable() and sign not in "\n\t" for sign in text):
        raise LastroError(f"{name}: holds signs that cannot be shown")
    return text
