"""an overlay's model.yaml in the Git history -> which version it names, by which commit; the file that names another

An overlay of deploy/kubernetes is a deployment. Its model.yaml is a patch of the Deployment `api`: the annotation
`lastro/version` of its pods names the version that is to be champion there; without it the overlay follows the chain.
"""

import re
import tempfile
from pathlib import Path
from typing import Any, NamedTuple

from src import git
from src.errors import LastroError
from src.files import read_yaml, write_bytes
from src.lineage.lock import LineageError

OVERLAYS = "deploy/kubernetes/overlays"
MODEL = "model.yaml"
ANNOTATION = "lastro/version"
NAME = re.compile(r"[a-z0-9][a-z0-9-]*")
NUMBER = re.compile(r"[1-9][0-9]*")
LINE = re.compile(rf"""^( *["']?{ANNOTATION}["']? *: *)["']?[0-9]+["']?(?= *(?:#.*)?$)""", re.MULTILINE)
REVERTS = "Revert "  # what the subject of a commit that takes another back begins with, as Git writes it
PLACE = ("spec", "template", "metadata", "annotations")
PATCH = {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "api"}}
NAMED = """apiVersion: apps/v1
kind: Deployment
metadata:
  name: api
spec:
  template:
    metadata:
      annotations:
        {annotation}: "{version}"
"""


class Order(NamedTuple):
    """What a commit asks for: which version is to be champion where an overlay is deployed.

    Without `version` it reverts the commit that first named one, `former`.
    """

    overlay: str
    version: int | None
    former: int | None
    commit: str
    by: str
    subject: str

    @property
    def reverts(self) -> bool:
        """Say whether the commit takes another one back."""
        return self.subject.startswith(REVERTS)

    @property
    def mark(self) -> str:
        """Return the words by which an event names the commit and the overlay."""
        return f"commit {self.commit}, overlay {self.overlay}"

    @property
    def why(self) -> str:
        """Return the reason that the chain keeps."""
        return f"{self.mark}: {self.subject}"


def path_of(root: Path, overlay: str) -> str:
    """Return an overlay's model.yaml as Git names it; raises LineageError for what is no name of a folder."""
    if not NAME.fullmatch(overlay):
        raise LineageError(f"overlay {overlay!r}: the name of a folder in {OVERLAYS}: small letters, digits, hyphens")
    prefix = (git.output(root, "rev-parse", "--show-prefix") or "").strip()
    return f"{prefix}{OVERLAYS}/{overlay}/{MODEL}"


def content_of(root: Path, path: str) -> str:
    """Return a file as the checked out commit, or a bare repository's branch, has it; raises LineageError without."""
    content = git.output(root, "show", f"HEAD:{path}")
    if content is None:
        raise LineageError(f"{path}: no such file in the commit at {root}")
    return content


def order_of(history: Path, overlay: str) -> Order | None:
    """Return what the newest commit that changed an overlay's model.yaml asks for; None where the chain is followed.

    That is where the file names no version, unless the commit took one away as a revert. Raises LineageError where the
    history is not whole, or where the file is none that can be read.
    """
    path = path_of(history, overlay)
    version = version_in(path, content_of(history, path))
    if git.output(history, "rev-parse", "--is-shallow-repository") != "false\n":
        raise LineageError(f"{history}: a shallow clone does not tell which commit changed {path}: clone it whole")
    said = git.output(history, "log", "-1", "--format=%H%n%an%n%s", "HEAD", "--", f":(top){path}") or ""
    commit, by, subject = (*said.splitlines(), "", "", "")[:3]
    before = git.output(history, "show", f"{commit}^:{path}")
    former = version_in(path, before) if before is not None else None
    order = Order(overlay, version, former, commit, by or "unknown", subject)
    return None if version is None and (former is None or not order.reverts) else order


def version_in(path: str, content: str) -> int | None:
    """Return the version that a model.yaml names, None without one; raises LineageError where it is no version."""
    found: Any = parsed(path, content)
    for key in PLACE:
        found = (found.get(key) if isinstance(found, dict) else None) or {}
    named = found.get(ANNOTATION) if isinstance(found, dict) else None
    if named is None:
        return None
    if not isinstance(named, str) or not NUMBER.fullmatch(named):
        raise LineageError(f'{path}: {ANNOTATION} is {named!r}: a version in quotation marks, as in {ANNOTATION}: "3"')
    return int(named)


def parsed(path: str, content: str) -> dict[str, Any]:
    """Return a patch of the Deployment `api`; raises LineageError where it is anything else."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / MODEL
        write_bytes(file, content.encode())
        try:
            found = read_yaml(file)
        except LastroError as error:
            raise LineageError(str(error).replace(str(file), path)) from None
    if not isinstance(found, dict) or any(found.get(key) != value for key, value in PATCH.items()):
        raise LineageError(f"{path}: a patch of the Deployment `api` (apps/v1), and nothing else")
    return found


def naming(path: str, content: str, version: int) -> str:
    """Return a model.yaml that names this version, all else of it as it was; raises LineageError where that cannot be.

    >>> naming("model.yaml", NAMED.format(annotation=ANNOTATION, version=2), 3).splitlines()[-1]
    '        lastro/version: "3"'
    """
    if version_in(path, content) is not None:
        made = LINE.sub(rf'\g<1>"{version}"', content)
    else:
        comments = re.match(r"(?:#.*\n|\s*\n)*", content)
        made = (comments[0] if comments else "") + NAMED.format(annotation=ANNOTATION, version=version)
        if without(parsed(path, content)):
            raise LineageError(f"{path}: it patches more than the version: write {ANNOTATION} into {'.'.join(PLACE)}")
    if version_in(path, made) != version:
        raise LineageError(f'{path}: write {ANNOTATION}: "{version}" into a line of its own under {".".join(PLACE)}')
    return made


def without(found: Any) -> Any:
    """Return what a patch says beside which object it is of; nothing where it says nothing."""
    if not isinstance(found, dict):
        return found
    kept = {key: without(value) for key, value in found.items() if PATCH.get(key) != value}
    return {key: value for key, value in kept.items() if value}
