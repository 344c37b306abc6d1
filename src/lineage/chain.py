"""a bucket or folder -> the chain of events in it, the files that a version names; and one more event

Events lie beside DVC's objects: registry/credit-score/00000017.json, each written once and only if nobody else wrote
that number, each with the SHA-256 of the one before. Needs neither DVC nor MLflow.
"""

import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from src.errors import sentences
from src.files import sha256_of, write_bytes
from src.lineage.events import Event, State, StoredFile, fold
from src.lineage.folder import Folder
from src.lineage.lock import LineageError
from src.lineage.storage import Bucket

REGISTRY = "registry/credit-score/"
FILES = f"{REGISTRY}files/"
NAME = re.compile(r"(\d{8})\.json")
Place = Bucket | Folder


class ChainError(LineageError):
    """The chain was tampered with, or an object that it names is missing or another."""


class MissingError(ChainError):
    """An object that the chain names is not there."""


class TakenError(LineageError):
    """Somebody else wrote the next event first."""


@dataclass(frozen=True)
class Chain:
    """All events, and the SHA-256 of the last one's bytes."""

    events: tuple[Event, ...] = ()
    last: str | None = None

    @cached_property
    def state(self) -> State:
        """Return what the events say."""
        return fold(self.events)

    def version(self, number: int) -> Event:
        """Return the newest publish event of a version; raises LineageError where there is no such version."""
        if number not in self.state.versions:
            known = ", ".join(map(str, self.state.versions)) or "none"
            raise LineageError(f"there is no version {number}; there is: {known}")
        return self.state.versions[number]


def read_chain(place: Place, known: Chain | None = None) -> Chain:
    """Return the chain, read on from what is `known`; raises ChainError where it is not whole, StorageError."""
    chain = known or Chain()
    for number, content in written(place, after=len(chain.events)):
        chain = extended(chain, number, content)
    return chain


def written(place: Place, after: int = 0) -> Iterator[tuple[int, bytes]]:
    """Yield number and bytes of each event object beyond a number, in order, whatever stands in it."""
    for key in place.keys(REGISTRY, after=key_of(after)):
        if found := NAME.fullmatch(key.removeprefix(REGISTRY)):
            content = place.get(key)
            if content is not None:
                yield int(found[1]), content


def extended(chain: Chain, number: int, content: bytes) -> Chain:
    """Return the chain with one more event; raises ChainError, which names what is wrong with it."""
    expected = len(chain.events) + 1
    if number != expected:
        raise ChainError(f"{key_of(expected)} is missing, {key_of(number)} is there")
    event = parsed(number, content)
    if event.previous != chain.last:
        before = f"{key_of(number - 1)} is {chain.last}" if chain.last else "there is none before it"
        raise ChainError(f"{key_of(number)}: its `previous` is {event.previous}, but {before}: one of them was edited")
    return Chain((*chain.events, event), sha256_of(content))


def parsed(number: int, content: bytes) -> Event:
    """Return the event of an object; raises ChainError where it is none, or another number's."""
    try:
        event = Event.model_validate_json(content)
    except ValidationError as error:
        raise ChainError(sentences(error, key_of(number)).splitlines()[0]) from None
    if event.number != number:
        raise ChainError(f"{key_of(number)}: its number is {event.number}")
    return event


def append(place: Place, chain: Chain, **facts: Any) -> Chain:
    """Write the next event and return the chain with it; raises TakenError where somebody else wrote that number."""
    number = len(chain.events) + 1
    event = Event(number=number, previous=chain.last, **{"time": now(), **facts})
    content = encoded(event)
    if not place.create(key_of(number), content) and place.get(key_of(number)) != content:  # ours, if a retry lost
        raise TakenError(f"{key_of(number)} was written by somebody else")
    return extended(chain, number, content)


def now() -> str:
    """Return the time of an event, to the microsecond: two writers of one event do not write the same bytes."""
    return datetime.now(UTC).isoformat(timespec="microseconds")


def encoded(event: Event) -> bytes:
    """Return the bytes of an event."""
    return f"{json.dumps(event.stated(), indent=1, ensure_ascii=False, allow_nan=False, default=str)}\n".encode()


def key_of(number: int) -> str:
    """Return the object of an event."""
    return f"{REGISTRY}{number:08}.json"


def keep(place: Place, content: bytes) -> None:
    """Store a file under its SHA-256; one that is there and is not these bytes is replaced."""
    key = FILES + sha256_of(content)
    if not place.create(key, content) and place.get(key) != content:
        place.replace(key, content)


def read_file(place: Place, name: str, file: StoredFile) -> bytes:
    """Return the bytes of a version's file; raises ChainError where they are not there or not those that it names."""
    if file.at == "registry":
        where, content = FILES + file.sha256, place.get(FILES + file.sha256)
    else:
        where, content = place.url_of(file.md5), place.get_output(file.md5)
    if content is None:
        raise MissingError(f"{name}: {where} is missing")
    if (found := sha256_of(content)) != file.sha256:
        raise ChainError(f"{name}: refused, {where} has the sha256 {found}, the version names {file.sha256}")
    return content


def fetch(place: Place, version: Event, folder: Path, names: Iterable[str] | None = None) -> None:
    """Write a version's files into the folder, all or those of `names` that it has, each verified by its sha256.

    `version` is a publish event. Raises ChainError or StorageError, and writes nothing, where one cannot be had.
    """
    wanted = version.files if names is None else {name: version.files[name] for name in names if name in version.files}
    contents = {name: read_file(place, name, file) for name, file in wanted.items()}
    for name, content in contents.items():
        write_bytes(folder / name, content)
