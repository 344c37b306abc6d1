"""numbered events -> which version is champion, which challenger, and what each version is; pure

An event says who did what to which version, when and why. It is never changed: `previous` is the SHA-256 of the event
before it, and `state` is what all of them together say.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import reduce
from itertools import accumulate
from types import MappingProxyType
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

Kind = Literal["publish", "promote", "rollback", "refuse", "adopt"]
CHAMPION, CHALLENGER = "champion", "challenger"
FACTS = ("form_sha256", "sha256", "git_commit", "git_dirty", "data_md5", "dvc_prefix", "metrics", "params", "files")


class StoredFile(BaseModel):
    """A file of a version: its hashes, its bytes, and who holds it: the registry under its sha256, or DVC."""

    model_config = ConfigDict(frozen=True)

    sha256: str
    md5: str
    size: int
    at: Literal["registry", "dvc"]


class Event(BaseModel):
    """What happened to a version; the fields of FACTS are those of `publish`.

    `before` (`from` in JSON) and `to` are the champion before and after the event. `challenger` is that of `adopt`,
    which takes both aliases as they were found.
    """

    model_config = ConfigDict(frozen=True, validate_by_name=True, validate_by_alias=True)

    number: int = Field(ge=1)
    kind: Kind
    version: int = Field(ge=1)
    before: int | None = Field(default=None, alias="from")
    to: int | None = None
    challenger: int | None = None
    by: str
    why: str
    forced: bool = False
    gates: list[dict[str, Any]] = []
    files: dict[str, StoredFile] = {}
    time: str
    previous: str | None = None
    form_sha256: str | None = None
    sha256: str | None = None
    git_commit: str | None = None
    git_dirty: bool = False
    data_md5: str | None = None
    dvc_prefix: str | None = None
    metrics: dict[str, float] = {}
    params: dict[str, Any] = {}

    def facts(self) -> dict[str, Any]:
        """Return what a publish event says of its version."""
        return {name: getattr(self, name) for name in FACTS}

    def stated(self) -> dict[str, Any]:
        """Return the event as JSON has it; only `publish` states facts."""
        unstated = set() if self.kind == "publish" else {*FACTS} - {"files"}
        return self.model_dump(by_alias=True, exclude=unstated)

    def short(self) -> dict[str, Any]:
        """Return the event as JSON has it, without its files and parameters."""
        return {name: value for name, value in self.stated().items() if name not in ("files", "params")}


@dataclass(frozen=True)
class State:
    """What the events up to `number` say.

    `versions` holds each version's newest publish event, `published` the time of its first; `since` is when a version
    got the place that it has (champion, challenger, none); `predecessors` names, for each version that ever was
    champion, the champion before it was first promoted.
    """

    number: int = 0
    champion: int | None = None
    challenger: int | None = None
    versions: Mapping[int, Event] = field(default_factory=lambda: MappingProxyType({}))
    published: Mapping[int, str] = field(default_factory=lambda: MappingProxyType({}))
    since: Mapping[int, str] = field(default_factory=lambda: MappingProxyType({}))
    predecessors: Mapping[int, int | None] = field(default_factory=lambda: MappingProxyType({}))

    @property
    def aliases(self) -> dict[str, int]:
        """Return the version of each alias that is given."""
        pairs = ((CHAMPION, self.champion), (CHALLENGER, self.challenger))
        return {alias: version for alias, version in pairs if version is not None}

    def alias_of(self, version: int) -> str | None:
        """Return the alias of a version."""
        return next((alias for alias, number in self.aliases.items() if number == version), None)

    def version_of(self, form_sha256: str) -> int | None:
        """Return the version that is this served form."""
        return next((number for number, event in self.versions.items() if event.form_sha256 == form_sha256), None)


def step(state: State, event: Event) -> State:
    """Return the state after one more event."""
    state = replace(state, number=event.number)
    if event.kind == "publish":
        return _published(state, event)
    if event.kind == "refuse" or event.to is None:
        return state
    challenger = None if state.challenger == event.to else state.challenger
    if event.kind == "adopt":
        challenger = event.challenger
    predecessors = {event.to: state.champion, **state.predecessors}  # the first promotion counts
    after = replace(state, champion=event.to, challenger=challenger, predecessors=MappingProxyType(predecessors))
    return _dated(state, after, event.time)


def _published(state: State, event: Event) -> State:
    versions = MappingProxyType({**state.versions, event.version: event})
    if event.version in state.versions:
        return replace(state, versions=versions)
    published = MappingProxyType({**state.published, event.version: event.time})
    after = replace(state, versions=versions, published=published, challenger=event.version)
    return _dated(state, after, event.time)


def _dated(before: State, after: State, time: str) -> State:
    """Return the state after, with the time for each version whose place changed."""
    changed = {number: time for number in after.versions if before.alias_of(number) != after.alias_of(number)}
    return replace(after, since=MappingProxyType({**before.since, **changed}))


def fold(events: Iterable[Event]) -> State:
    """Return what all events together say."""
    return reduce(step, events, State())


def states(events: Iterable[Event]) -> list[State]:
    """Return the state before any event and after each: item n is that after event n."""
    return list(accumulate(events, step, initial=State()))
