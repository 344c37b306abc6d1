"""MLflow's aliases, a picture of the chain's last event -> whether they show it; drawn anew where they should

Whoever draws reads the chain again afterwards, so that of several writers the last one draws the last event.
"""

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

from src.lineage.chain import Chain, Place, read_chain
from src.lineage.events import CHALLENGER, CHAMPION, State, states
from src.lineage.lock import LineageError
from src.lineage.mlflow_backend import TrackingError
from src.lineage.model_versions import DRAWN, NAME, SHA256, VERSION, Registry, opened_registry
from src.lineage.settings import Settings

log = logging.getLogger(__name__)

Standing = Literal["same", "interrupted", "moved"]
ALIASES = (CHAMPION, CHALLENGER)
WAYS = "`reconcile --undo` draws the chain's last event again, `reconcile --adopt --why T` takes MLflow's for the chain"


INTERRUPTED = "an interrupted command had left MLflow's aliases as they were; they are drawn anew"
LACKING = "`publish` where it was made brings it there"


class StoppedError(LineageError):
    """A gate, a difference or another writer stands in the way: nothing is wrong with the command itself."""


@dataclass(frozen=True)
class Picture:
    """What MLflow shows: each alias' version by the chain's number (0: not in the chain), and by MLflow's own.

    `numbers` is MLflow's newest number of each of the chain's versions, `newest` its highest of all; `drawn` is the
    event that was drawn last, with the SHA-256 of its bytes.
    """

    aliases: dict[str, int]
    given: dict[str, str]
    numbers: dict[int, str]
    newest: int = 0
    drawn: int = 0
    drawn_sha256: str = ""

    def lacking(self, state: State) -> list[int]:
        """Return the versions with an alias that MLflow does not have."""
        return [version for version in state.aliases.values() if version not in self.numbers]


@dataclass(frozen=True)
class Found:
    """What stood there, and the chain with which it was compared."""

    standing: Standing
    picture: Picture
    chain: Chain


def look(registry: Registry, state: State) -> Picture:
    """Return what MLflow shows now."""
    model = registry.model()
    if model is None:
        return Picture({}, {}, {})
    versions = registry.versions()
    of = {str(each.version): number_of(each, state) for each in versions}
    given = {alias: str(version) for alias, version in model.aliases.items() if alias in ALIASES}
    numbers = {of[str(each.version)]: str(each.version) for each in reversed(versions)}
    numbers.pop(0, None)
    number, _, sha256 = model.tags.get(DRAWN, "0").partition(" ")
    newest = max((int(each.version) for each in versions), default=0)
    shown = {alias: of.get(version, 0) for alias, version in given.items()}
    return Picture(shown, given, numbers, newest, int(number) if number.isdecimal() else 0, sha256)


def number_of(version: Any, state: State) -> int:
    """Return the chain's number of a version of MLflow's; 0 where the chain does not have it."""
    number = version.tags.get(VERSION) or str(version.version)
    known = state.versions.get(int(number)) if number.isdecimal() else None
    return int(number) if known and known.sha256 == version.tags.get(SHA256) else 0


def standing(history: Sequence[State], picture: Picture) -> Standing:
    """Say how the picture differs from the last state.

    It is `interrupted` where each alias is one that it had since the event that was drawn last, or before the last one:
    a command ended before it drew. Anything else was `moved` by hand.
    """
    if picture.aliases == history[-1].aliases:
        return "same"
    since = history[max(min(picture.drawn, len(history) - 2), 0) :]
    was = all(picture.aliases.get(alias) in {state.aliases.get(alias) for state in since} for alias in ALIASES)
    return "interrupted" if was else "moved"


def draw(registry: Registry, chain: Chain, picture: Picture) -> None:
    """Let MLflow's aliases show the chain's last event; where it lacks a version, that alias stays as it was."""
    lacking, wanted = picture.lacking(chain.state), chain.state.aliases
    for alias in ALIASES:
        number = picture.numbers.get(wanted.get(alias, 0))
        if wanted.get(alias) not in lacking and number != picture.given.get(alias):
            registry.point(alias, number)
    if picture.numbers and not lacking and (picture.drawn, picture.drawn_sha256) != (chain.state.number, chain.last):
        registry.mark(f"{chain.state.number} {chain.last}")


def settle(registry: Registry, place: Place, chain: Chain, *, undo: bool = False) -> Found:
    """Draw the chain's last event unless the aliases were moved by hand (with `undo` even then); return what was found.

    The chain is read again until nothing was added meanwhile.
    """
    found = None
    while True:
        picture = look(registry, chain.state)
        now = Found(standing(states(chain.events), picture), picture, chain)
        found = found or now
        if now.standing == "moved" and not undo:
            return now
        draw(registry, chain, picture)
        after = read_chain(place, chain)
        if after is chain:
            return Found(found.standing, picture, chain)
        chain = after


def settled(
    settings: Settings, place: Place, chain: Chain, *, own: int = 0, undo: bool = False, lacking: str = LACKING
) -> Found | None:
    """Settle and say what was found, but for the picture that the events from `own` on have changed themselves.

    Returns None, with a warning, where MLflow is silent: the chain is the truth without it. `lacking` says what is to
    be done where MLflow does not have a version.
    """
    try:
        with opened_registry(settings, place) as registry:
            found = settle(registry, place, chain, undo=undo)
    except TrackingError as error:
        log.warning("warning: %s; the chain stands, `reconcile` draws MLflow's aliases", error)
        return None
    missing = found.picture.lacking(found.chain.state)
    if found.standing == "interrupted" and not missing and not (own and found.picture.drawn >= own - 1):
        log.warning("warning: %s", INTERRUPTED)
    for version in missing:
        log.warning("warning: MLflow does not have version %s: %s", version, lacking)
    return found


def moved(found: Found | None) -> str | None:
    """Return the sentence about aliases that were moved by hand; None where they were not."""
    if found is None or found.standing != "moved":
        return None
    shown = ", ".join(f"{alias} {version}" for alias, version in found.picture.given.items()) or "no alias"
    said = ", ".join(f"{alias} {version}" for alias, version in found.chain.state.aliases.items()) or "nobody"
    return f"MLflow's aliases of {NAME} were moved by hand: it shows {shown}, the chain says {said}. {WAYS}"
