"""the registry's commands: what each does, what it answers, with which exit code

0: done. 1: a gate refuses, or a difference was found. What cannot be done is raised, a sentence, and is 2.
"""

import getpass
import tempfile
from argparse import Namespace
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from src import git
from src.lineage import bom, listing, promotion
from src.lineage.adoption import adopt_former
from src.lineage.aliases import INTERRUPTED, LACKING, Found, StoppedError, moved, settle, settled
from src.lineage.audit import audited, pictured
from src.lineage.chain import Chain, Place, fetch, read_chain
from src.lineage.lock import LineageError
from src.lineage.mlflow_backend import TrackingError
from src.lineage.model_versions import opened_registry
from src.lineage.policy import POLICY, read_policy
from src.lineage.promotion import Reason
from src.lineage.publishing import publish as publish_model
from src.lineage.publishing import published_here
from src.lineage.settings import Settings


class Answer(NamedTuple):
    """An exit code, what --json prints, what is printed without it."""

    code: int
    found: Any
    text: list[str]


@dataclass(frozen=True)
class Desk:
    """Where a command works: the project, its place of objects, its MLflow."""

    root: Path
    place: Place
    settings: Settings

    def reason(self, asked: Namespace) -> Reason:
        """Return who asks, and why; raises LineageError where no reason is given."""
        if not asked.why.strip():
            raise LineageError("--why: say why, in a few words: the chain keeps it")
        return Reason(asked.by or self.who(), asked.why.strip())

    def who(self) -> str:
        """Return the name that Git knows the user by, or the login."""
        known = (git.output(self.root, "config", "user.name") or "").strip()
        try:
            return known or getpass.getuser()
        except (KeyError, OSError):  # a container's user without a name
            return "unknown"


def publish(desk: Desk, asked: Namespace) -> Answer:
    """Publish what lies in models/."""
    by, why = asked.by or desk.who(), asked.why.strip()
    registration = publish_model(desk.root, desk.settings, by, why, waits=asked.challenger)
    state = read_chain(desk.place).state
    alias = state.alias_of(int(str(registration["version"])))
    return Answer(0, {**registration, "alias": alias, "champion": str(state.champion)}, [])


def list_(desk: Desk, _: Namespace) -> Answer:
    """Return every version."""
    entries = listing.entries(read_chain(desk.place).state)
    return Answer(0, entries, listing.table(entries))


def show(desk: Desk, asked: Namespace) -> Answer:
    """Return all that the chain says of a version, or its bill of materials."""
    chain = read_chain(desk.place)
    if asked.bom:
        bill = bom.of_version(desk.root, chain.version(asked.version))
        return Answer(0, bill, bom.lines(bill))
    found = listing.entire(chain, asked.version)
    return Answer(0, found, listing.lines(found))


def history(desk: Desk, _: Namespace) -> Answer:
    """Return every event."""
    events = read_chain(desk.place).events
    return Answer(0, [event.short() for event in events], [listing.line(event) for event in events])


def compare(desk: Desk, asked: Namespace) -> Answer:
    """Return what differs between two versions."""
    from src.lineage.comparison import Side, compared, told
    from src.lineage.declined import applied

    chain, policy = read_chain(desk.place), read_policy(desk.root / POLICY)
    sides = [chain.version(number) for number in (asked.first, asked.second)]
    with tempfile.TemporaryDirectory() as folder:
        places = [Path(folder) / name for name in ("first", "second")]
        for version, place in zip(sides, places, strict=True):
            fetch(desk.place, version, place)
        first, second = (Side(str(v.version), p, v) for v, p in zip(sides, places, strict=True))
        found = compared(policy, first, second, applied(policy.monitoring.maturity_days))
    return Answer(0, found, told(found).splitlines())


def gates(desk: Desk, asked: Namespace) -> Answer:
    """Return what the gates say of a version; nothing is written."""
    from src.lineage.gates import stops

    chain = read_chain(desk.place)
    version = asked.version or published_here(desk.root)
    found = promotion.judged(desk.root, desk.place, chain, chain.version(version))
    said = [gate._asdict() for gate in found]
    return Answer(int(stops(found)), said, promotion.described(said))


def report(desk: Desk, asked: Namespace) -> Answer:
    """Write a version's validation report."""
    from src.lineage.validation.written import write_report

    file = asked.output or desk.settings.state / f"validation-{asked.version}.html"
    paths = [str(path) for path in write_report(desk.root, desk.place, asked.version, file)]
    return Answer(0, {"version": str(asked.version), "files": paths}, paths)


def promote(desk: Desk, asked: Namespace) -> Answer:
    """Make a version champion, where its gates let it."""
    reason, chain = desk.reason(asked), read_chain(desk.place)
    chain.version(asked.version)
    found = settled(desk.settings, desk.place, chain)
    if sentence := moved(found):
        raise StoppedError(sentence)
    chain = found.chain if found else chain
    after = promotion.promote(desk.root, desk.place, chain, asked.version, reason, force=asked.force)
    return _drawn(desk, chain, after, silent=found is None)


def rollback(desk: Desk, asked: Namespace) -> Answer:
    """Make a former version champion again."""
    chain = read_chain(desk.place)
    return _drawn(desk, chain, promotion.rollback(desk.place, chain, asked.to, desk.reason(asked)))


def _drawn(desk: Desk, before: Chain, after: Chain, *, silent: bool = False) -> Answer:
    """Draw MLflow's aliases after an event, unless it is known to be silent, and answer with the event."""
    found = (
        None if silent else settled(desk.settings, desk.place, after, own=0 if after is before else len(after.events))
    )
    if after is before:
        last = next(event for event in reversed(after.events) if event.to == after.state.champion)
        return Answer(0, last.short(), [f"version {last.version} is champion already: {listing.line(last)}"])
    event = after.events[-1]
    text = [*promotion.described(event.gates), listing.line(event)]
    if sentence := moved(found):
        return Answer(1, event.short(), [*text, f"the event stands, but {sentence}"])
    return Answer(int(event.kind == "refuse"), event.short(), text)


def verify(desk: Desk, _: Namespace) -> Answer:
    """Walk the chain, hash all that it names, look at MLflow's aliases; nothing is written."""
    audit, text = audited(desk.place), []
    try:
        with opened_registry(desk.settings, desk.place) as registry:
            pictured(registry, audit)
    except TrackingError as error:
        text = [f"MLflow's aliases were not looked at: {error}"]
    found = {"events": len(audit.hashes), "broken": audit.broken, "missing": audit.missing, "aliases": audit.aliases}
    return Answer(int(not audit.whole), found, [*text, *listing.verified(found)])


def reconcile(desk: Desk, asked: Namespace) -> Answer:
    """Compare MLflow's aliases with the chain; draw them, or take them for it, where that is asked for."""
    chain = read_chain(desk.place)
    if asked.adopt:
        return _adopted(desk, chain, desk.reason(asked))
    if not chain.events:
        raise LineageError(
            "the chain is empty: `publish` begins it, `reconcile --adopt --why T` takes MLflow's versions"
        )
    with opened_registry(desk.settings, desk.place) as registry:
        found = settle(registry, desk.place, chain, undo=asked.undo)
    lacking = found.picture.lacking(found.chain.state)
    drawn = not lacking and found.standing != "same" and (asked.undo or found.standing == "interrupted")
    text = {
        "same": f"MLflow's aliases are those of event {found.chain.state.number}",
        "interrupted": INTERRUPTED,
        "moved": "MLflow's aliases were moved by hand; they are drawn anew" if asked.undo else moved(found),
    }
    said = [f"MLflow does not have version {number}: {LACKING}" for number in lacking] or [str(text[found.standing])]
    code = int(bool(lacking) or (found.standing != "same" and not asked.undo))
    return Answer(code, _compared(found, drawn=drawn), said)


def _adopted(desk: Desk, chain: Chain, reason: Reason) -> Answer:
    """Let the chain say what MLflow's aliases show."""
    if chain.state.champion is None:
        after = adopt_former(desk.root, desk.settings, desk.place, reason)
    else:
        with opened_registry(desk.settings, desk.place) as registry:
            after = promotion.adopt(registry, desk.place, chain, reason)
    with opened_registry(desk.settings, desk.place) as registry:
        found = settle(registry, desk.place, after)
    new = after.events[len(chain.events) :]
    text = [listing.line(event) for event in new] or ["there is nothing to adopt"]
    return Answer(int(found.standing == "moved"), _compared(found, drawn=False), text)


def _compared(found: Found, *, drawn: bool) -> dict[str, Any]:
    """Return what `reconcile --json` prints."""
    aliases = found.chain.state.aliases
    return {
        "event": found.chain.state.number,
        "found": found.standing,
        "drawn": drawn,
        "aliases": {
            alias: {"chain": aliases.get(alias), "mlflow": found.picture.given.get(alias)}
            for alias in (*aliases, *(alias for alias in found.picture.given if alias not in aliases))
        },
    }
