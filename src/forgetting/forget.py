"""an applicant or a prediction -> nothing of them in the log, its files, its archives, the feature tables and the lake

What was answered, and by which model, stays, and so does what was counted. The order is such that a killed command is
finished by the same one: who is meant is written down first, the number of the applicant goes last.
"""

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import NamedTuple

from src.errors import LastroError
from src.forgetting.blanking import blank, done, mark
from src.forgetting.desk import Desk
from src.forgetting.objects import recover, rewrite
from src.forgetting.places import AFTER, BEFORE, Place
from src.forgetting.scrub import scrubbed
from src.forgetting.traces import traces
from src.forgetting.untouched import untouched
from src.forgetting.whom import Found, Whom, find

NOBODY = (
    "nothing of this {kind} is in the log, in archives, in the feature tables or in the lake; a row of a file that was"
    " scored stands in its output alone: score the file without it, with --overwrite"
)


class Report(NamedTuple):
    """What was done, or would be; and what cannot be touched, each with its command."""

    done: list[str]
    left: list[str]


def forget(desk: Desk, whom: Whom, now: datetime, *, dry_run: bool) -> Report:
    """Forget whom is meant; with `dry_run` say what that would be, and change nothing. Raises LastroError."""
    found = look(desk, whom)
    told = list(asked(BEFORE, whom, found.ids, dry_run))
    if not found.ids and not told:
        nobody = NOBODY.format(kind="prediction" if whom.prediction else "applicant")
        if dry_run:
            return Report([nobody], untouched(desk, whom, ()))
        scrubbed(desk, ())
        raise LastroError(nobody)
    if dry_run:
        told += [*described(found), *asked(AFTER, whom, found.ids, dry_run)]
        return Report(told, untouched(desk, whom, found.ids))
    needles = look_for(desk, whom, found)
    left = take_out(desk, whom, found, now)
    told += [*described(found), *asked(AFTER, whom, found.ids, dry_run), *scrubbed(desk, needles)]
    done(desk, found.ids, now)
    scrubbed(desk, ())
    return Report(told, [*untouched(desk, whom, found.ids), *left])


def look(desk: Desk, whom: Whom) -> Found:
    """Return what the log knows of whom is meant."""
    with desk.engine.connect() as connection:
        return find(connection, whom)


def asked(places: Sequence[Place], whom: Whom, ids: Sequence[str], dry_run: bool) -> Iterator[str]:
    """Yield what places say."""
    for place in places:
        yield from place(whom.applicants, ids, dry_run)


def take_out(desk: Desk, whom: Whom, found: Found, now: datetime) -> list[str]:
    """Blank rows of the log and of archives; return commands for former versions that a bucket keeps."""
    mark(desk, whom, found.ids, now)
    left = recover(desk)
    blank(desk, found.ids)
    for key, ids in found.archives.items():
        left += rewrite(desk, key, set(ids), now)
    return left


def look_for(desk: Desk, whom: Whom, found: Found) -> list[bytes]:
    """Return the bytes that SQLite's file must not hold afterwards."""
    if not desk.sqlite:
        return []
    with desk.engine.connect() as connection:
        return traces(connection, whom, found.ids)


def described(found: Found) -> list[str]:
    """Return what the log and its archives hold of whom is meant, in words."""
    if found.done_at:
        return [f"forgotten already at {found.done_at:%Y-%m-%dT%H:%M:%SZ}: looked for again"]
    if not found.ids:
        return []
    archived, lines = sum(map(len, found.archives.values())), []
    if found.logged or found.groups:
        lines.append(
            f"log: {len(found.logged)} of {len(found.ids)} predictions: inputs and reasons blank;"
            f" {found.groups} groups deleted; PD, score, decision and model stay"
        )
    if archived:
        lines.append(f"archives: {archived} predictions in {len(found.archives)} objects, each written anew, verified,"
                     " and the former removed")  # fmt: skip
    return lines or [f"log: {len(found.ids)} predictions, of which nothing is left but what stays"]
