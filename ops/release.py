"""`python -m ops.release check | notes | images | move | gates …`: what the release's workflows do, as commands

A tag, CHANGELOG.md and pyproject.toml -> whether it is a release, its notes, its images; an overlay's tags moved to it;
a version's gates as Markdown. Standard library only.
"""

import json
import re
import subprocess
import sys
import tomllib
from argparse import ArgumentParser, Namespace
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from ops.deployment import ROOT
from ops.errors import SetupError, run
from ops.overlay import FILE, moved, write

BRANCH = "origin/main"  # whose commits may be released
OVERLAYS = ("staging", "production")
BOTH = "linux/amd64,linux/arm64"
HEADING = re.compile(r"^## \[([^]]+)\].*$", re.MULTILINE)
LINKS = re.compile(r"^\[[^]]+\]: ", re.MULTILINE)  # that end the file
NUMBER = re.compile(r"\d+\.\d+\.\d+(-[0-9A-Za-z.-]+)?")


@dataclass(frozen=True)
class Image:
    """An image that is released: its stage of the Dockerfile, and for which machines it is built."""

    name: str
    target: str
    platforms: str = "linux/amd64"


IMAGES = (  # not MinIO's: overlay local alone runs it, and whoever uses that builds it
    Image("lastro-api", "serving-follow", BOTH),
    Image("lastro-delivery", "delivery", BOTH),  # beside the API in one pod, so for the same machines
    Image("lastro-page", "page", BOTH),
    Image("lastro-pipeline", "pipeline"),
    Image("lastro-batch", "batch"),
)
ARM = """\
Images for arm64 answer with the same numbers to three digits; the same bytes and the same answers to the last bit are
claimed for x86-64 alone."""


def main() -> None:
    """Do what the command line asks for."""
    root = ArgumentParser(prog="python -m ops.release", description=__doc__)
    commands = root.add_subparsers(required=True, metavar="COMMAND")

    def command(name: str, what: str, does: Callable[[Namespace], None]) -> ArgumentParser:
        made = commands.add_parser(name, help=what)
        made.set_defaults(does=does)
        return made

    command("check", "is the tag this version, and of main?", lambda asked: check(ROOT, asked.tag)).add_argument("tag")
    noted = command("notes", "the changelog's part, as Markdown", lambda asked: print(notes(ROOT, asked.tag)))
    noted.add_argument("tag")
    command("images", "every image, as JSON for a job's matrix", lambda _: print(json.dumps(matrix())))
    moving = command("move", "let an overlay run a release's images", _move)
    moving.add_argument("overlay", choices=OVERLAYS)
    moving.add_argument("tag")
    moving.add_argument("--registry", default="", help="where the images are; without it, where they were")
    asking = command("gates", "a version's gates, as Markdown; exit code 1 where they stop the action", _gates)
    asking.add_argument("action", choices=("promote", "rollback"))
    asking.add_argument("version", type=int)
    asked = root.parse_args()
    asked.does(asked)


def check(root: Path, tag: str) -> None:
    """Raise SetupError where a tag is not the version of what lies here, or is of no commit of main."""
    version = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))["project"]["version"]
    if number(tag) != version:
        raise SetupError(f"the tag {tag} is not v{version}, the version in pyproject.toml.")
    notes(root, tag)
    git = ["git", "merge-base", "--is-ancestor", "HEAD", BRANCH]
    if subprocess.run(git, cwd=root, capture_output=True, check=False).returncode:
        raise SetupError(f"the commit of {tag} is not in {BRANCH}: what is released has been merged there.")


def number(tag: str) -> str:
    """Return a tag's version; raises SetupError where it is none: `latest` says nothing about what runs."""
    if not NUMBER.fullmatch(found := tag.removeprefix("v")):
        raise SetupError(f"{tag} is no version: v1.2.3 is one.")
    return found


def notes(root: Path, tag: str) -> str:
    """Return what the changelog says of a version, and its images; raises SetupError where it says nothing."""
    text, version = (root / "CHANGELOG.md").read_text(encoding="utf-8"), number(tag)
    _, *pieces = HEADING.split(LINKS.split(text)[0])
    parts = dict(zip(pieces[::2], (piece.strip() for piece in pieces[1::2]), strict=True))
    if not parts.get(version):
        raise SetupError(f"CHANGELOG.md says nothing of {version}: write its part, under `## [{version}] - DATE`.")
    rows = "\n".join(f"| `{image.name}` | {image.platforms.replace(',', ', ')} |" for image in IMAGES)
    return f"{parts[version]}\n\n### Images\n| image | platforms |\n|---|---|\n{rows}\n\n{ARM}"


def matrix() -> dict[str, list[dict[str, str]]]:
    """Return a job's matrix: an entry an image."""
    return {"include": [asdict(image) for image in IMAGES]}


def _move(asked: Namespace) -> None:
    """Write the overlay's kustomization, and say what it runs from now on."""
    path, version = ROOT / FILE.format(asked.overlay), number(asked.tag)
    text = path.read_text(encoding="utf-8")
    write(path, moved(text, {image.name for image in IMAGES}, version, asked.registry))
    print(f"{FILE.format(asked.overlay)}: images of {version}")


def _gates(asked: Namespace) -> None:
    """Print a version's gates; leave with 1 where the action is stopped."""
    found, code = _registry("gates", asked.version)
    shown, _ = _registry("show", asked.version)
    served = any(event["to"] == asked.version for event in shown["events"])
    print(gates(asked.action, shown, found, served=served))
    sys.exit(int(stopped(asked.action, refused=code != 0, served=served)))


def stopped(action: str, *, refused: bool, served: bool) -> bool:
    """Say whether a promotion is stopped by a gate, or a way back because the version has never served."""
    return refused if action == "promote" else not served


def gates(action: str, shown: dict[str, Any], found: list[dict[str, Any]], *, served: bool) -> str:
    """Return a version's gates as Markdown; a way back asks none, but leads to a version that has served."""
    version = shown["version"]
    said = {True: "passed", False: "**not passed**", None: "cannot tell"}
    lines = [f"| {gate['name']} | {said[gate['passed']]} | {gate['says']} |" for gate in found]
    back = "has served before" if served else "has **never served**: promote it"
    about = f"A way back asks no gate; version {version} {back}." if action == "rollback" else ""
    of = f"sha256 `{shown['sha256']}`, commit `{shown['git_commit']}`, published {shown['published'][:16]}"
    table = "\n".join(["| gate | | |", "|---|---|---|", *lines])
    return "\n\n".join(filter(None, (f"## {action.capitalize()} version {version}", of, about, table)))


def _registry(command: str, version: int) -> tuple[Any, int]:
    """Return what a command of the registry answers and its exit code; raises SetupError where it cannot be done."""
    words = ["-m", "src.lineage.registry", command, str(version), "--json"]
    done = subprocess.run([sys.executable, *words], cwd=ROOT, capture_output=True, text=True, check=False)
    if done.returncode > 1 or not done.stdout:
        raise SetupError(f"`python {' '.join(words)}` failed: {' '.join(done.stderr.split()[-60:])}")
    return json.loads(done.stdout), done.returncode


if __name__ == "__main__":
    run(main)
