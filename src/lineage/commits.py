"""the Git history -> which commits hold a served form, and a commit's files"""

import json
import re
import shutil
import subprocess
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from functools import cached_property
from hashlib import md5
from io import BytesIO
from pathlib import Path
from typing import NamedTuple
from zipfile import ZipFile

from src import git
from src.files import sha256_of
from src.lineage.lock import LOCK
from src.model.card import CARD
from src.serving.export import EXPORT

FILES = (f"models/{EXPORT}", f"models/{CARD}", LOCK)
NEEDED = ("src", "models", LOCK)  # of a commit, to score as it did; its locks of libraries beside them
HASH = re.compile(r"[0-9a-f]{40}(?:[0-9a-f]{24})?")  # of a commit; what a log holds may have been edited


class Release(NamedTuple):
    """A commit that holds a served form, and Git's names of what it holds."""

    commit: str
    time: int  # seconds since 1970
    export: str
    card: str
    lock: str


class History:
    """All commits of a repository, the newest first."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.known: dict[str, bytes] = {}
        self.said: dict[str, str] = {}

    def of_form(self, form_sha256: str, claimed: str | None) -> list[Release]:
        """Return the release of this export.json, the claimed one if it is; of one that names no card, of each card."""
        said = [
            each
            for each in self.read([(claimed, 0)] if claimed and HASH.fullmatch(claimed) else [])
            if self.form(each) == form_sha256
        ]
        if said and b'"card_sha256"' in self.content(said[0].export) and self.agrees(said[0]):
            return said
        return self.distinct([each for each in said + self.releases if self.form(each) == form_sha256])

    def of_model(self, model_sha256: str, moment: datetime) -> list[Release]:
        """Return a release of each form of a model; first the one that was the newest at that moment."""
        forms = {card for card in {each.card for each in self.all} if self.model(card) == model_sha256}
        then = next((each for each in self.all if each.card in forms and each.time <= moment.timestamp()), None)
        found = [each for each in self.releases if each.card in forms]
        return sorted(found, key=lambda each: then is None or (each.export, each.card) != (then.export, then.card))

    def form(self, release: Release) -> str:
        """Return the SHA-256 of a release's export.json."""
        return self.once(release.export, sha256_of)

    @cached_property
    def all(self) -> list[Release]:
        """Return every commit that holds a card, a served form and a dvc.lock."""
        said = git.output(self.root, "log", "--all", "HEAD", "--format=%H %ct") or ""
        return list(self.read([(commit, int(time)) for commit, time in map(str.split, said.splitlines())]))

    @cached_property
    def releases(self) -> list[Release]:
        """Return the newest commit of each card and form that its dvc.lock names."""
        return self.distinct(self.all, agreeing=True)

    def distinct(self, releases: Sequence[Release], agreeing: bool = False) -> list[Release]:
        """Return the first release of each card and form, of those that agree with their dvc.lock if that is asked."""
        found: dict[tuple[str, str], Release] = {}
        for release in releases:
            pair = release.export, release.card
            if pair not in found and (not agreeing or self.agrees(release)):
                found[pair] = release
        return list(found.values())

    def agrees(self, release: Release) -> bool:
        """Say whether a release's dvc.lock names its card and its form."""
        named = self.content(release.lock).decode()
        parts = (self.content(release.export), self.content(release.card))
        return all(md5(part, usedforsecurity=False).hexdigest() in named for part in parts)

    def model(self, card: str) -> str:
        """Return the SHA-256 of the model that a card names."""
        return self.once(card, lambda content: str(json.loads(content).get("sha256")))

    def once(self, name: str, read: Callable[[bytes], str]) -> str:
        """Return what is read of a content, each read once."""
        if name not in self.said:
            self.said[name] = read(self.content(name))
        return self.said[name]

    def content(self, name: str) -> bytes:
        """Return what Git keeps under a name of its own."""
        if name not in self.known:
            self.known[name] = asked(self.root, "cat-file", "blob", name) or b""
        return self.known[name]

    def read(self, commits: Sequence[tuple[str, int]]) -> Iterator[Release]:
        """Yield those of the commits that hold all three files."""
        prefix = (git.output(self.root, "rev-parse", "--show-prefix") or "").strip()
        lines = "".join(f"{commit}:{prefix}{file}\n" for commit, _ in commits for file in FILES)
        said = (asked(self.root, "cat-file", "--batch-check", given=lines.encode()) or b"").decode().splitlines()
        for (commit, time), *three in zip(
            commits, *(said[place :: len(FILES)] for place in range(len(FILES))), strict=False
        ):
            if all(" blob " in line for line in three):
                yield Release(commit, time, *(line.partition(" ")[0] for line in three))

    def holds(self, commit: str) -> bool:
        """Say whether the repository has a commit."""
        return git.output(self.root, "cat-file", "-t", commit) == "commit\n"

    def unpack(self, commit: str, folder: Path) -> None:
        """Write what scoring as a commit did needs of its files."""
        there = (git.output(self.root, "ls-tree", "--name-only", commit) or "").splitlines()
        wanted = [
            name for name in there if name in NEEDED or (name.startswith("requirements") and name.endswith(".txt"))
        ]
        with ZipFile(BytesIO(asked(self.root, "archive", "--format=zip", commit, *wanted) or b"")) as archive:
            archive.extractall(folder)


def asked(root: Path, *arguments: str, given: bytes = b"") -> bytes | None:
    """Return the bytes that Git writes, None where it fails."""
    program = shutil.which("git")
    if program is None:
        return None
    done = subprocess.run(  # noqa: S603 (fixed arguments, no shell)
        [program, "-C", str(root), *arguments], input=given, capture_output=True, check=False
    )
    return done.stdout if done.returncode == 0 else None
