"""a version, a reason -> one more event: promoted, refused by its gates, or rolled back to

Who loses the number of an event to another writer reads the chain again, and goes on only where the champion is still
the one that was looked at.
"""

import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from src.lineage.aliases import StoppedError, look
from src.lineage.chain import Chain, ChainError, Place, TakenError, append, fetch, read_chain, read_file
from src.lineage.events import CHALLENGER, CHAMPION, Event, Kind
from src.lineage.lock import LineageError
from src.lineage.model_versions import Registry
from src.lineage.policy import POLICY, read_policy

if TYPE_CHECKING:
    from src.lineage.gates import Gate


@dataclass(frozen=True)
class Reason:
    """Who does something, and why."""

    by: str
    why: str


def promote(root: Path, place: Place, chain: Chain, number: int, reason: Reason, *, force: bool = False) -> Chain:
    """Make a version champion where its gates let it, or where they are overruled; a refusal is an event too.

    Returns the chain, whose last event is that; the very `chain` where it is champion already. Raises StoppedError
    where the champion changed meanwhile.
    """
    version = chain.version(number)
    if chain.state.champion == number:
        return chain
    from src.lineage.gates import stops

    gates = judged(root, place, chain, version)
    refused = stops(gates) and not force
    told: dict[str, Any] = {"gates": [gate._asdict() for gate in gates], "forced": force}
    return put(place, chain, "refuse" if refused else "promote", number, reason, **told)


def rollback(place: Place, chain: Chain, to: int | None, reason: Reason) -> Chain:
    """Make a former version champion again, without gates, once all of its files were seen to be whole.

    Without `to` it is the champion before the present one was first promoted. Returns as `promote` does. Raises
    StoppedError where the target is not whole, or where the champion changed meanwhile.
    """
    version = chain.version(to if to is not None else predecessor(chain))
    if chain.state.champion == version.version:
        return chain
    try:
        for name, file in version.files.items():
            read_file(place, name, file)
    except ChainError as error:
        raise StoppedError(f"version {version.version} is not whole: {error}") from None
    return put(place, chain, "rollback", version.version, reason)


def predecessor(chain: Chain) -> int:
    """Return the champion before the present one was first promoted; raises LineageError where there was none."""
    champion = chain.state.champion
    if champion is None:
        raise LineageError("there is no champion to roll back: `promote N --why T` makes one")
    found = chain.state.predecessors[champion]
    if found is None:
        raise LineageError(f"version {champion} was the first champion: `rollback --to N` names another")
    return found


def adopt(registry: Registry, place: Place, chain: Chain, reason: Reason) -> Chain:
    """Let the chain say what MLflow's aliases show; raises LineageError where the chain does not have the version."""
    picture = look(registry, chain.state)
    if picture.aliases == chain.state.aliases:
        return chain
    for alias, number in picture.aliases.items():
        if not number:
            raise LineageError(f"MLflow's {alias} is its version {picture.given[alias]}, which the chain does not have")
    if CHAMPION not in picture.aliases:
        raise LineageError("MLflow has no champion that could be adopted: `reconcile --undo` draws the chain's")
    challenger = picture.aliases.get(CHALLENGER)
    champion = picture.aliases[CHAMPION]
    return put(place, chain, "adopt", champion, reason, challenger=None if challenger == champion else challenger)


def put(place: Place, chain: Chain, kind: Kind, version: int, reason: Reason, **more: Any) -> Chain:
    """Append an event about who is champion.

    Raises StoppedError where somebody else meanwhile changed the champion, or did just this for the same reason.
    """
    champion, seen = chain.state.champion, len(chain.events)
    to = None if kind == "refuse" else version
    while True:
        facts = {"version": version, "before": champion, "to": to, "by": reason.by, "why": reason.why, **more}
        try:
            return append(place, chain, kind=kind, **facts)
        except TakenError:
            chain = read_chain(place, chain)
        if any((event.version, event.why) == (version, reason.why) for event in chain.events[seen:]):
            raise StoppedError(f"somebody else did this for the same reason meanwhile ({reason.why}): nothing was done")
        if chain.state.champion != champion:
            last = next(event for event in reversed(chain.events) if event.to == chain.state.champion)
            what = f"the champion changed meanwhile from {champion} to {last.to}"
            raise StoppedError(f"{what}, by {last.by} ({last.why}): nothing was done")


def judged(root: Path, place: Place, chain: Chain, version: Event) -> "list[Gate]":
    """Return what the gates of policy.yaml say of a version beside the present champion."""
    from src.journal.recent import recent_applicants  # this and the gates take seconds, which no other command waits
    from src.lineage.gates import judge

    policy, champion = read_policy(root / POLICY), chain.state.champion
    with tempfile.TemporaryDirectory() as folder:
        theirs, its = Path(folder) / "champion", Path(folder) / "challenger"
        fetch(place, version, its)
        if champion is None:
            return judge(policy, None, its, version, None)
        present = chain.version(champion)
        fetch(place, present, theirs)
        return judge(policy, theirs, its, version, recent_applicants(present.form_sha256 or ""))


def described(gates: Sequence[dict[str, Any]]) -> list[str]:
    """Return a line a gate."""
    words = {True: "passed", False: "failed", None: "cannot tell"}
    return [f"  {gate['name']}: {words[gate['passed']]}: {gate['says']}" for gate in gates]
