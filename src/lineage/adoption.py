"""MLflow's versions from before the chain, the commits that made them -> events that say the same

A version was a model then; its served form is what the commit of its tag says. Where no commit and no file here is of
that model, nothing can be served of it: it is left out, and said.
"""

import json
import logging
import tempfile
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from src import git
from src.errors import LastroError
from src.lineage.aliases import ALIASES
from src.lineage.chain import Chain, Place, append, read_chain
from src.lineage.dossier import EVALUATION
from src.lineage.events import CHALLENGER, CHAMPION
from src.lineage.lock import LOCK, MAP, MODEL, LineageError, Lock, read_lock
from src.lineage.model_versions import COMMIT, VERSION, Registry, opened_registry
from src.lineage.promotion import Reason, put
from src.lineage.publication import facts_of, store
from src.lineage.settings import Settings
from src.model.card import CARD

log = logging.getLogger(__name__)


def adopt_former(root: Path, settings: Settings, place: Place, reason: Reason) -> Chain:
    """Write events for MLflow's versions and its champion where the chain has none; what was interrupted goes on.

    Raises TrackingError or StorageError.
    """
    chain = read_chain(place)
    if chain.state.champion is not None:
        return chain
    with opened_registry(settings, place) as registry:
        model = registry.model()
        if model is None:
            return chain
        numbers: dict[str, int] = {}
        for version in reversed(registry.versions()):
            chain, number = _published(root, registry, place, chain, version, reason)
            numbers |= {str(version.version): number} if number else {}
        given = {alias: numbers.get(str(model.aliases.get(alias))) for alias in ALIASES}
    champion, challenger = given[CHAMPION], given[CHALLENGER]
    if champion is None:
        return chain
    return put(place, chain, "adopt", champion, reason, challenger=None if challenger == champion else challenger)


def _published(
    root: Path, registry: Registry, place: Place, chain: Chain, version: Any, reason: Reason
) -> tuple[Chain, int | None]:
    """Append a publish event for a version of MLflow's; return the chain and the number of its served form."""
    with tempfile.TemporaryDirectory() as folder:
        try:
            source = _source(root, Path(folder), version)
            facts = _facts(source, place, version)
        except LastroError as error:
            log.warning("warning: MLflow's version %s is not adopted: %s", version.version, error)
            return chain, None
        number = chain.state.version_of(facts["form_sha256"])
        if number is None:
            number = int(version.version)
            store(source, facts["files"], place)
            made = datetime.fromtimestamp(version.creation_timestamp / 1000, UTC).isoformat(timespec="microseconds")
            who = {"by": reason.by, "why": reason.why, "time": made}
            chain = append(place, chain, kind="publish", version=number, **who, **facts)
    registry.tag(str(version.version), VERSION, str(number))
    return chain, number


def _source(root: Path, folder: Path, version: Any) -> Path:
    """Return a folder with the small files of a version: those of its commit, or else the project's where they are."""
    commit, md5 = version.tags.get(COMMIT), version.tags.get("dvc.md5")
    if commit and _checked_out(root, commit, folder) and _names(read_lock(folder), md5):
        return folder
    if (root / LOCK).is_file() and _names(read_lock(root), md5):
        return root
    raise LineageError(f"neither commit {commit} nor {LOCK} here names its model {md5}")


def _checked_out(root: Path, commit: str, folder: Path) -> bool:
    """Write what Git has of a commit's models/, with dvc.lock and dvc.yaml; say whether it has them."""
    listed = git.output(root, "ls-tree", "--name-only", commit, "--", "models/") or ""
    for path in (LOCK, MAP, *(name for name in listed.splitlines() if name.endswith(".json"))):
        text = git.output(root, "show", f"{commit}:./{path}")
        if text is None:
            return False
        (folder / path).parent.mkdir(exist_ok=True)
        (folder / path).write_text(text, encoding="utf-8")
    return True


def _names(lock: Lock, md5: str | None) -> bool:
    return MODEL in lock.outputs() and lock.output(MODEL)[0] == md5


def _facts(source: Path, place: Place, version: Any) -> dict[str, Any]:
    """Return what the publish event of a former version states."""
    card = json.loads((source / "models" / CARD).read_text(encoding="utf-8"))
    evaluation = source / EVALUATION
    found = json.loads(evaluation.read_text(encoding="utf-8"))["metrics"] if evaluation.is_file() else {}
    metrics = {name: float(metric["value"]) for name, metric in found.items()}
    return facts_of(read_lock(source), card["sha256"], metrics, place, version.tags.get(COMMIT))
