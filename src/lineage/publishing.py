"""the pushed model in models/ -> a version of the chain, a version in MLflow, models/registry.json

What is published is DVC's object byte for byte: the file here must be the card's (sha256) and dvc.lock's (md5), and the
object must lie in the bucket with its size. A served form is published once; what is known of it may change.
"""

import json
import logging
from datetime import datetime
from pathlib import Path
from typing import Any

from src.files import write_json
from src.lineage.adoption import adopt_former
from src.lineage.aliases import Picture, StoppedError, moved, settled
from src.lineage.chain import Chain, Place, TakenError, append, encoded, read_chain
from src.lineage.dossier import Dossier, read_dossier
from src.lineage.events import FACTS, Event
from src.lineage.lock import MODEL, LineageError, read_lock
from src.lineage.mlflow_backend import TrackingError
from src.lineage.model_versions import (
    COMMIT,
    DATA_MD5,
    DIRTY,
    FORM_SHA256,
    NAME,
    SHA256,
    VERSION,
    opened_registry,
)
from src.lineage.policy import POLICY, read_policy
from src.lineage.promotion import Reason, promote, put
from src.lineage.publication import check_form, facts_of, store
from src.lineage.settings import ROOT, Settings, read_settings
from src.lineage.storage import remote
from src.model.artifact import read_verified
from src.model.card import CARD, read_card

log = logging.getLogger(__name__)

REGISTRATION = "models/registry.json"
FIRST, BY_POLICY = "the first version", "policy.yaml: on_publish: promote"
FORMER = "the registry from before the chain"
LATER = "the chain has what is published; `publish` again brings it to MLflow"


def publish(
    root: Path = ROOT, settings: Settings | None = None, by: str = "publish", why: str = "", *, waits: bool = False
) -> dict[str, str | None]:
    """Publish the model in `root` and return what models/registry.json says.

    A new served form becomes the challenger; without a champion it becomes that. The same form again is the same
    version, of which the chain, MLflow's tags and its description then say what is known now. What `waits` stays the
    challenger whatever policy.yaml says, and wants a champion; `why` adds to what the chain says of its making. Raises
    LineageError, StorageError or StoppedError, each a sentence, before anything is written; MLflow's silence is a
    warning.
    """
    settings = settings or read_settings()
    place, lock, card = remote(root), read_lock(root), read_card(root / "models" / CARD)
    read_verified(root / MODEL, card.sha256)
    check_form(root, card)
    place.probe()
    dossier = read_dossier(root, card)
    commit, source = lock.provenance()
    facts = facts_of(lock, card.sha256, dossier.metrics, place, commit)
    picture = prepared(root, settings, place, by)
    if waits and read_chain(place).state.champion is None:
        raise LineageError("there is no champion beside which it could wait as challenger: `publish` makes one")
    store(root, facts["files"], place)
    before = read_chain(place)
    newest = picture.newest if picture else 0
    made = f"made by {source}" if commit else source
    chain, number = recorded(place, before, facts, newest, Reason(by, f"{made}: {why}" if why else made))
    chain = ranked(root, place, chain, number, by, new=chain is not before and not waits)
    if picture:
        shown(root, settings, place, chain, number, dossier)
        found = settled(settings, place, chain, own=len(before.events) + 1, undo=before.state.champion is None)
        if sentence := moved(found):
            log.warning("warning: %s", sentence)
    registration = registered(chain, number, place)
    write_json(root / REGISTRATION, registration)
    alias = chain.state.alias_of(number) or "neither champion nor challenger"
    log.info("%s version %s is %s; %s: %s", NAME, number, alias, "made by" if commit else "no commit makes it", source)
    return registration


def published_here(root: Path) -> int:
    """Return the number of the version that was published from `root` last; raises LineageError where none was."""
    path = root / REGISTRATION
    if not path.is_file():
        raise LineageError(f"{REGISTRATION}: no such file: `publish` writes it, or name a version")
    return int(json.loads(path.read_bytes())["version"])


def prepared(root: Path, settings: Settings, place: Place, by: str) -> Picture | None:
    """Adopt a registry from before, and see to it that nobody moved the aliases; return what MLflow shows.

    Returns None, with a warning, where MLflow is silent.
    """
    chain = read_chain(place)
    if chain.state.champion is None:
        try:
            chain = adopt_former(root, settings, place, Reason(by, FORMER))
        except TrackingError as error:
            log.warning("warning: %s; %s", error, LATER)
            return None
    found = settled(settings, place, chain, lacking=LATER)
    if (sentence := moved(found)) and chain.state.champion is not None:
        raise StoppedError(sentence)
    return found.picture if found else None


def recorded(place: Place, chain: Chain, facts: dict[str, Any], newest: int, reason: Reason) -> tuple[Chain, int]:
    """Append the publish event where it says something new; return the chain and the version's number."""
    while True:
        known = chain.state.version_of(facts["form_sha256"])
        if known and _same(chain.state.versions[known], facts):
            return chain, known
        number = known or max([newest, *chain.state.versions]) + 1
        try:
            told = {"version": number, "by": reason.by, "why": reason.why, **facts}
            return append(place, chain, kind="publish", **told), number
        except TakenError:
            chain = read_chain(place, chain)


def _same(event: Event, facts: dict[str, Any]) -> bool:
    """Say whether a publish event states just these facts; the same objects may be reached by another address."""
    stated = json.loads(encoded(event.model_copy(update=facts)))
    said = json.loads(encoded(event))
    return all(stated[name] == said[name] for name in FACTS if name != "dvc_prefix")


def ranked(root: Path, place: Place, chain: Chain, number: int, by: str, *, new: bool) -> Chain:
    """Make the version champion where there is none, or where policy.yaml leaves it to the gates and they pass."""
    champion, dirty = chain.state.champion, chain.version(number).git_dirty
    try:
        if champion is None:
            return put(place, chain, "promote", number, Reason(by, FIRST))
        if champion == number or dirty or not new or read_policy(root / POLICY).on_publish != "promote":
            return chain
        return promote(root, place, chain, number, Reason(by, BY_POLICY))
    except StoppedError as error:  # somebody else made another one champion: this one stays the challenger
        log.warning("warning: %s", error)
        return read_chain(place, chain)


def shown(root: Path, settings: Settings, place: Place, chain: Chain, number: int, dossier: Dossier) -> None:
    """Let MLflow have the version, with its tags and its description; its silence is a warning."""
    tags = tags_of(chain.version(number), place)
    try:
        with opened_registry(settings, place) as registry:
            version = registry.find(number, dossier) or registry.add(root, dossier, tags)
            registry.describe(version, dossier, tags)
    except TrackingError as error:
        log.warning("warning: %s; %s", error, LATER)


def tags_of(event: Event, place: Place) -> dict[str, str]:
    """Return the tags of a version in MLflow."""
    md5 = event.files["model.pkl"].md5
    tags = {
        VERSION: str(event.version),
        FORM_SHA256: str(event.form_sha256),
        "dvc.url": place.url_of(md5),
        "dvc.md5": md5,
        SHA256: str(event.sha256),
        DATA_MD5: str(event.data_md5),
        DIRTY: str(event.git_dirty).lower(),
        **{f"test.{name}": str(value) for name, value in event.metrics.items()},
    }
    return {**tags, COMMIT: event.git_commit} if event.git_commit else tags


def registered(chain: Chain, number: int, place: Place) -> dict[str, str | None]:
    """Return what models/registry.json says of a version."""
    event = chain.version(number)
    published = datetime.fromisoformat(chain.state.published[number]).replace(microsecond=0)
    return {
        "name": NAME,
        "version": str(number),
        "sha256": event.sha256,
        "form_sha256": event.form_sha256,
        "git_commit": event.git_commit,
        "data_md5": event.data_md5,
        "dvc_prefix": place.address,
        "published": published.isoformat(),
    }
