"""an overlay's kustomization.yaml -> the same text with other images (standard library only)

Names, comments and order stay. Only `images:` is looked at, and in it `newName` and `newTag` of each image that is
ours, in block or in flow style.
"""

import os
import re
from collections.abc import Set
from pathlib import Path

from ops.errors import SetupError

FILE = "deploy/kubernetes/overlays/{}/kustomization.yaml"
LIST = re.compile(r"^images:[ \t]*(?:#.*)?\n((?:[ \t]*(?:#.*)?\n|[ \t]*-.*\n|[ \t]+.*\n)*)", re.MULTILINE)
ENTRY = re.compile(r"^[ \t]*-[ \t](?:.*\n)(?:(?![ \t]*-[ \t]).*\n)*", re.MULTILINE)
VALUE = r"(?P<quote>[\"']?)(?P<value>[^\s\"',{{}}#]+)(?P=quote)"
KEY = r"(?P<before>(?:^|[\s{{,-])\b{}:[ \t]+)" + VALUE


def moved(text: str, ours: Set[str], tag: str, registry: str = "") -> str:
    """Return the kustomization with our images at a tag, and below a registry if one is named.

    Raises SetupError where it has no images, one that nobody builds, or one without `newName` or `newTag`.
    """
    found = LIST.search(text if text.endswith("\n") else f"{text}\n")
    entries = ENTRY.findall(found[1]) if found else []
    if not found or not entries:
        raise SetupError("the kustomization has no list `images:`.")
    images = "".join(_entry(entry, ours, tag, registry) for entry in entries)
    start = found.start(1) + found[1].index(entries[0])
    return text[:start] + images + text[found.end(1) :]


def _entry(entry: str, ours: Set[str], tag: str, registry: str) -> str:
    """Return an image's lines at the tag; one that is not ours stays."""
    name = _said(entry, "name")
    if not name.startswith("lastro-"):
        return entry
    if name not in ours:
        raise SetupError(f"images: {name} is no image of a release; there are {', '.join(sorted(ours))}.")
    place = f"{registry}/{name}" if registry else _said(entry, "newName", name)
    return _put(_put(entry, "newName", place, name), "newTag", tag, name)


def _said(entry: str, key: str, of: str = "") -> str:
    """Return a key's value; raises SetupError where the image has none."""
    for line in entry.splitlines():
        if found := re.search(KEY.format(key), _bare(line)):
            return found["value"]
    raise SetupError(f"images: {of or entry.strip()} has no `{key}`.")


def _put(entry: str, key: str, value: str, of: str) -> str:
    """Return the lines with another value of the key, comments as they were."""
    _said(entry, key, of)
    return "".join(_line(line, key, value) for line in entry.splitlines(keepends=True))


def _line(line: str, key: str, value: str) -> str:
    bare = _bare(line)
    put = re.sub(KEY.format(key), lambda found: f"{found['before']}{found['quote']}{value}{found['quote']}", bare)
    return put + line[len(bare) :]


def _bare(line: str) -> str:
    """Return a line without its comment."""
    return re.split(r"(?:^|(?<=\s))#", line, maxsplit=1)[0]


def write(path: Path, text: str) -> None:
    """Write a file whole or leave the former one as it was."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        temporary.write_text(text, encoding="utf-8")
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)
