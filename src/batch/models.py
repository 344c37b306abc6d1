"""the chain's champion, another version, or a delivered folder -> a verified folder, and which version that is

A version is fetched as the follower fetches it: by the hashes that the chain names, loaded once before it is used.
"""

import contextlib
import json
import tempfile
from collections.abc import Iterator
from pathlib import Path

from src.batch.run import Origin
from src.errors import LastroError
from src.files import digest
from src.lineage.chain import Place, fetch, read_chain
from src.lineage.follow import FILES
from src.lineage.storage import remote
from src.model.card import CARD, read_card
from src.serving.delivered import SERVING, VERSIONS, read_delivered
from src.serving.export import EXPORT
from src.serving.predictors import load

CHAMPION = "champion"
REGISTRY = "registry.json"


@contextlib.contextmanager
def model_of(word: str, folder: Path | None) -> Iterator[tuple[Path, Origin]]:
    """Yield the folder of a model and its origin; raises LastroError where it cannot be had, or is not what it says."""
    if folder is not None:
        load(folder)
        yield folder.absolute(), origin_of(folder.absolute())
        return
    with tempfile.TemporaryDirectory(prefix="lastro-model-") as made:
        yield Path(made), fetched(remote(), word, Path(made))


def fetched(place: Place, word: str, folder: Path) -> Origin:
    """Bring the champion, or a version by its number, into a folder; raises LastroError where a file is another."""
    chain = read_chain(place)
    number = chain.state.champion if word == CHAMPION else int(word)
    if number is None:
        raise LastroError("the chain has no champion: `python -m src.lineage.registry publish` makes the first")
    event = chain.version(number)
    fetch(place, event, folder, FILES)
    if load(folder).form_sha256 != event.form_sha256:
        raise LastroError(f"version {number}: its served form is not the one that the chain names")
    return Origin(str(number), event.git_commit)


def origin_of(folder: Path) -> Origin:
    """Return which version a delivered folder holds: by serving.json above it, or by the registry's entry in it."""
    form = digest(folder / EXPORT)
    home = folder.parent.parent
    if folder.parent.name == VERSIONS and (home / SERVING).is_file():
        versions = read_delivered(home).versions.items()
        found = [Origin(number, one.git_commit) for number, one in versions if one.form_sha256 == form]
        return found[0] if found else Origin(None, None)
    if not (folder / REGISTRY).is_file():
        return Origin(None, None)
    said = json.loads((folder / REGISTRY).read_bytes())
    if said.get("sha256") != read_card(folder / CARD).sha256 or said.get("form_sha256") not in (None, form):
        return Origin(None, None)
    return Origin(str(said["version"]), said.get("git_commit"))
