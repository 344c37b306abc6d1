"""the chain -> what of it is broken or missing: every event walked, every object that one names hashed"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from src.files import sha256_of
from src.lineage.aliases import ALIASES, Picture, look, standing
from src.lineage.chain import ChainError, MissingError, Place, key_of, parsed, read_file, written
from src.lineage.events import Event, states
from src.lineage.model_versions import Registry


@dataclass
class Audit:
    """What a walk found: events that can be read, their hashes, and a sentence for each object that is not as named."""

    events: list[Event] = field(default_factory=list)
    hashes: dict[int, str] = field(default_factory=dict)
    broken: list[str] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)
    aliases: dict[str, Any] | None = None

    @property
    def whole(self) -> bool:
        """Say whether nothing was found."""
        return not self.broken and not self.missing and (self.aliases is None or self.aliases["standing"] == "same")


def audited(place: Place) -> Audit:
    """Walk the chain and hash what it names; raises StorageError where the place is silent."""
    audit = Audit()
    _walk(place, audit)
    for name, file, version in _named(audit.events):
        try:
            read_file(place, f"version {version}: {name}", file)
        except MissingError as error:
            audit.missing.append(str(error))
        except ChainError as error:
            audit.broken.append(str(error))
    return audit


def _walk(place: Place, audit: Audit) -> None:
    last = 0
    for number, content in written(place):
        audit.missing += [f"{key_of(gap)} is missing" for gap in range(last + 1, number)]
        audit.hashes[number] = sha256_of(content)
        try:
            event = parsed(number, content)
        except ChainError as error:
            audit.broken.append(str(error))
        else:
            audit.events.append(event)
            before = audit.hashes.get(number - 1)
            if event.previous != before and (before or number == 1):
                audit.broken.append(
                    f"{key_of(number - 1)} was edited, or {key_of(number)}: the one has the sha256 {before}, the other"
                    f" says {event.previous}"
                )
        last = number


def _named(events: list[Event]) -> Iterator[tuple[str, Any, int]]:
    """Yield each file that an event names, once."""
    seen = set()
    for event in events:
        for name, file in event.files.items():
            if (file.at, file.sha256) not in seen:
                seen.add((file.at, file.sha256))
                yield name, file, event.version


def pictured(registry: Registry, audit: Audit) -> None:
    """Add how MLflow's aliases stand, and whether the event that they were drawn from is still the one it was."""
    history = states(audit.events)
    picture = look(registry, history[-1])
    audit.aliases = {
        "standing": standing(history, picture),
        **{alias: {"chain": history[-1].aliases.get(alias), "mlflow": picture.given.get(alias)} for alias in ALIASES},
    }
    _anchored(audit, picture)


def _anchored(audit: Audit, picture: Picture) -> None:
    """Compare the event that was drawn last with what it was then: nothing after it holds the last event's hash."""
    if not picture.drawn:
        return
    found = audit.hashes.get(picture.drawn)
    if found is None and f"{key_of(picture.drawn)} is missing" not in audit.missing:
        audit.missing.append(f"{key_of(picture.drawn)} is missing: MLflow's aliases were drawn from it")
    elif found and found != picture.drawn_sha256:
        audit.broken.append(
            f"{key_of(picture.drawn)} was edited: MLflow's aliases were drawn from one with the sha256"
            f" {picture.drawn_sha256}, it has {found}"
        )
