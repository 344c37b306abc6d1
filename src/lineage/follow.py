"""the chain, the files of its versions -> a folder that a service reads: versions/<form_sha256>/, serving.json

`python -m src.lineage.delivery --follow`: looks for the chain's next event once a second, and brings champion,
challenger and the versions that were one of them last. A folder is complete and verified before serving.json names it;
serving.json is renamed into place. Needs neither DVC nor MLflow.
"""

import contextlib
import fcntl
import json
import logging
import shutil
import signal
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NoReturn

from src.errors import LastroError, refusal
from src.files import write_json
from src.lineage.chain import Chain, Place, extended, fetch, key_of, read_chain
from src.lineage.events import Event, State
from src.lineage.folder import StorageError
from src.model.card import CARD
from src.serving.delivered import SERVING, VERSIONS, Delivered, Delivery, verify
from src.serving.export import CODES, EXPORT, TREES
from src.serving.predictors import load

PERIOD = 1.0  # seconds between two looks
RETRY = 30.0  # seconds until a version that could not be brought is tried again
GRACE = 60.0  # seconds for which a folder stays that serving.json names no more: a process may still be reading it
NEWEST = 100  # events that serving.json repeats
FILES = (CARD, EXPORT, "evaluation.json", "reference.json", TREES, CODES)  # what a service, or its monitor, reads
log = logging.getLogger(__name__)


class Follower:
    """One folder and the chain that it follows; `keep` versions are kept beside champion and challenger."""

    def __init__(self, place: Place, folder: Path, keep: int) -> None:
        self.place, self.folder, self.keep = place, folder, keep
        self.chain = Chain()
        self.tried: float | None = None  # when something was delivered last; None where the chain has gone on since
        self.lacking = False
        self.unnamed: dict[Path, float] = {}

    def look(self) -> None:
        """Deliver where the chain has gone on, or where something lacks since a while; raises LastroError."""
        chain = self.chain
        if not chain.events:
            chain = read_chain(self.place)
        while (content := self.place.get(key_of(len(chain.events) + 1))) is not None:
            chain = extended(chain, len(chain.events) + 1, content)
        if chain is not self.chain:
            self.chain, self.tried = chain, None
        due = self.tried is None or (self.lacking and time.monotonic() - self.tried > RETRY)
        if due and self.chain.state.champion is not None:
            self.deliver(self.chain)
            self.tried = time.monotonic()
        self.remove_unnamed()

    def deliver(self, chain: Chain) -> None:
        """Bring all versions that are wanted, then name them; raises StorageError where the store is silent."""
        before = self.named()
        made = {number: self.version(chain, number) for number in wanted(chain.state, self.keep)}
        self.lacking = any(delivery.folder is None for delivery, _ in made.values())
        content = serving(chain, {str(number): delivery for number, (delivery, _) in made.items()})
        if content != before or any(fetched for _, fetched in made.values()):
            write_json(self.folder / SERVING, content)
            log.info("%s", told(content))

    def version(self, chain: Chain, number: int) -> tuple[Delivery, bool]:
        """Return what serving.json says of a version, and whether it was fetched; one that lacks is told by `why`."""
        event = chain.version(number)
        delivery = delivery_of(chain.state, event, self.place.address)
        target = self.folder / str(delivery.folder)
        with contextlib.suppress(LastroError):
            verify(target, delivery)
            return delivery, False
        try:
            self.bring(event, delivery, target)
        except StorageError:
            raise
        except LastroError as error:
            log.warning("version %s is not delivered: %s", number, error)
            return delivery.model_copy(update={"folder": None, "why": str(error)}), False
        return delivery, True

    def bring(self, event: Event, delivery: Delivery, target: Path) -> None:
        """Fetch a version into a folder beside its own, verify it, and rename it; raises LastroError."""
        made, old = (target.with_name(f".{target.name}.{end}") for end in ("new", "old"))
        try:
            fetch(self.place, event, made, FILES)
            verify(made, delivery)
            load(made)  # with the libraries of this image
            if target.exists():  # a file in it is not what it was
                target.rename(old)
            made.rename(target)
        finally:
            for path in (made, old):
                shutil.rmtree(path, ignore_errors=True)

    def named(self) -> Any:
        """Return what stands in serving.json; None where nothing can be read."""
        try:
            return json.loads((self.folder / SERVING).read_bytes())
        except (OSError, ValueError):
            return None

    def remove_unnamed(self) -> None:
        """Remove the folders that serving.json has not named for a while."""
        now, named = time.monotonic(), self.named()
        if named is None:
            return
        kept = {self.folder / str(version["folder"]) for version in named["versions"].values()}
        present = {path for path in (self.folder / VERSIONS).glob("*") if path not in kept}
        self.unnamed = {path: self.unnamed.get(path, now) for path in present}
        for path, since in self.unnamed.items():
            if now - since > GRACE:
                shutil.rmtree(path, ignore_errors=True)


def wanted(state: State, keep: int) -> list[int]:
    """Return champion, challenger and the `keep` versions that came to or lost such a place last."""
    others = sorted(set(state.versions) - set(state.aliases.values()), key=lambda one: (state.since[one], one))
    return [*state.aliases.values(), *others[::-1][:keep]]


def delivery_of(state: State, event: Event, address: str) -> Delivery:
    """Return what serving.json says of a version that is there."""
    form = str(event.form_sha256)
    return Delivery(
        folder=f"{VERSIONS}/{form}",
        form_sha256=form,
        sha256=str(event.sha256),
        git_commit=event.git_commit,
        files={name: event.files[name].sha256 for name in FILES if name in event.files},
        data_md5=event.data_md5,
        dvc_prefix=address,
        since=state.since.get(event.version),
        published=state.published.get(event.version),
    )


def serving(chain: Chain, versions: dict[str, Delivery]) -> dict[str, Any]:
    """Return the content of serving.json."""
    state = chain.state
    found = Delivered(
        event=state.number,
        champion=str(state.champion),
        challenger=None if state.challenger is None else str(state.challenger),
        versions=versions,
        history=[event.short() for event in chain.events[-NEWEST:]],
    )
    return found.model_dump(mode="json")


def told(content: dict[str, Any]) -> str:
    """Return what was delivered, in a line."""
    absent = [number for number, version in content["versions"].items() if version["folder"] is None]
    names = ", ".join(number for number in content["versions"] if number not in absent)
    without = f"; without {', '.join(absent)}" if absent else ""
    return f"event {content['event']}: champion {content['champion']}, delivered {names or 'nothing'}{without}"


def follow(follower: Follower) -> NoReturn:
    """Look once a second until it is stopped; whatever stands in the way is said once, and what was delivered stays."""
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: sys.exit(0))
    said = ""
    with alone(follower.folder):
        while True:
            try:
                follower.look()
                if said:
                    log.info("the chain is read again")
                said = ""
            except (LastroError, OSError) as error:
                why = refusal(error) if isinstance(error, OSError) else str(error)
                if why != said:
                    said = why
                    log.warning("nothing new is delivered: %s", said)
            time.sleep(PERIOD)


def once(follower: Follower) -> None:
    """Deliver what the chain says now; raises LastroError where there is no champion, or a version lacks."""
    with alone(follower.folder):
        follower.look()
    if follower.chain.state.champion is None:
        raise LastroError("the chain has no champion: `python -m src.lineage.registry publish` makes the first")
    if follower.lacking:
        raise LastroError(f"not all versions could be delivered: {follower.folder / SERVING} says why")


@contextlib.contextmanager
def alone(folder: Path) -> Iterator[None]:
    """Let one process deliver to a folder; raises LastroError where another does."""
    (folder / VERSIONS).mkdir(parents=True, exist_ok=True)
    with (folder / ".lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise LastroError(f"{folder}: another process delivers to it") from None
        for path in (folder / VERSIONS).glob(".*"):  # of one that was killed
            shutil.rmtree(path, ignore_errors=True)
        yield
