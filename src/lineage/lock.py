"""dvc.lock, dvc.yaml and the Git history -> the model's objects, its data, and the commit that makes them"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from src import git
from src.errors import LastroError
from src.files import digest, read_yaml

LOCK = "dvc.lock"
MAP = "dvc.yaml"
MODEL, FORM = "models/model.pkl", "models/export.json"
DATA = "data/raw/applications.parquet"
DECISIVE = ("src", MAP, LOCK, "params.yaml")
FOLDER = ".dir"  # ends the md5 of a folder
MANY = 500  # commits that Git looks through at once


class LineageError(LastroError):
    """What lies here, what dvc.lock says and what was pushed do not fit together."""


@dataclass(frozen=True)
class Lock:
    """What dvc.lock says of the project in `root`."""

    root: Path
    stages: dict[str, Any]

    def output(self, path: str) -> tuple[str, int]:
        """Return an output's md5 and its size in bytes."""
        for stage in self.stages.values():
            for out in stage.get("outs", ()):
                if out["path"] == path:
                    return str(out["md5"]), int(out["size"])
        raise LineageError(f"{LOCK} does not name {path}: `dvc repro` makes it")

    def outputs(self) -> list[str]:
        """Return the path of every output."""
        return [out["path"] for stage in self.stages.values() for out in stage.get("outs", ())]

    def files(self, folder: str) -> dict[str, str]:
        """Return path and md5 of every output that is a file of the folder; its folders, as models/r, are left out.

        What is in models/r is DVC's alone: no version holds it, and nothing that serves.
        """
        outs = (out for stage in self.stages.values() for out in stage.get("outs", ()))
        paths = {str(out["path"]): str(out["md5"]) for out in outs if not str(out["md5"]).endswith(FOLDER)}
        return {path: md5 for path, md5 in paths.items() if Path(path).parent == Path(folder)}

    def params(self) -> dict[str, Any]:
        """Return every parameter that a stage was run with, by its dotted key."""
        sections = (values for stage in self.stages.values() for values in stage.get("params", {}).values())
        return {key: value for values in sections for key, value in values.items()}

    def kept_by_git(self) -> set[str]:
        """Return the outputs that dvc.yaml leaves to Git."""
        stages = read_yaml(self.root / MAP)["stages"].values()
        outs = (out for stage in stages for kind in ("outs", "metrics", "plots") for out in stage.get(kind, ()))
        named = ((path, how) for out in outs if isinstance(out, dict) for path, how in out.items())
        return {path for path, how in named if how.get("cache") is False}

    def provenance(self) -> tuple[str | None, str]:
        """Return the newest commit whose dvc.lock names this model and this served form, and a sentence about it.

        No commit is returned where the files here are not that commit's, or are not those of which dvc.lock says that
        the model was made of them: then no commit makes this model.
        """
        commit = newest_commit_naming(self.root, self.output(MODEL)[0], self.output(FORM)[0])
        if commit is None:
            return None, f"no commit's {LOCK} names it"
        changed = git.changes_since(self.root, commit, (*DECISIVE, *self._sources()))
        if changed:
            return None, f"changed since commit {commit[:12]}: {_few(changed)}"
        younger = [*self._edited_sources(), *self._edited_params()]
        if younger:
            return None, f"changed since `dvc repro`: {_few(younger)}"
        return commit, f"commit {commit[:12]}"

    def _edited_sources(self) -> Iterator[str]:
        for path, md5 in self._sources().items():
            file = self.root / path
            if not file.is_file() or digest(file, "md5") != md5:
                yield path

    def _edited_params(self) -> Iterator[str]:
        for stage in self._needed(FORM):
            for file, values in stage.get("params", {}).items():
                here = read_yaml(self.root / file)
                yield from (f"{file}: {key}" for key, value in values.items() if _at(here, key) != value)

    def _sources(self) -> dict[str, str]:
        """Return path and md5 of every file that the served form was made of and that no stage writes."""
        made = {out["path"] for stage in self.stages.values() for out in stage.get("outs", ())}
        deps = [dep for stage in self._needed(FORM) for dep in stage.get("deps", ())]
        return {dep["path"]: dep["md5"] for dep in deps if dep["path"] not in made}

    def _needed(self, path: str) -> Iterator[dict[str, Any]]:
        """Yield the stage that writes `path` and every stage before it; some perhaps twice."""
        for stage in self.stages.values():
            if path in {out["path"] for out in stage.get("outs", ())}:
                yield stage
                for dep in stage.get("deps", ()):
                    yield from self._needed(dep["path"])


def read_lock(root: Path) -> Lock:
    """Read dvc.lock; raises LastroError where it is missing or is none."""
    content = read_yaml(root / LOCK)
    if not isinstance(content, dict) or not isinstance(content.get("stages"), dict):
        raise LineageError(f"{root / LOCK}: no stages in it: `dvc repro` writes it")
    return Lock(root, content["stages"])


def newest_commit_naming(root: Path, *md5s: str) -> str | None:
    """Return the newest commit of the checked-out branch in whose dvc.lock each of these md5s stands."""
    commits = (git.output(root, "rev-list", "HEAD") or "").split()
    words = [word for md5 in md5s for word in ("-e", md5)]
    for start in range(0, len(commits), MANY):
        some = commits[start : start + MANY]
        found = git.output(root, "grep", "-l", "--all-match", "--fixed-strings", *words, *some, "--", LOCK)
        if found:
            return found.partition(":")[0]
    return None


def _at(values: Any, key: str) -> Any:
    """Return what stands at a dotted key; None where nothing stands there."""
    for part in key.split("."):
        values = values.get(part) if isinstance(values, dict) else None
    return values


def _few(names: list[str]) -> str:
    return ", ".join(names[:3]) + (f" and {len(names) - 3} more" if len(names) > 3 else "")
