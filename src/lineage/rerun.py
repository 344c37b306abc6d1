"""a commit's code, a commit's model, logged inputs -> the answers of that code with that model, in a process of its own

Git's files and DVC's objects go to a temporary place, each once for all who ask for them.
"""

import hashlib
import json
import logging
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from types import TracebackType
from typing import Any, Literal, NamedTuple, Self

from src.errors import LastroError
from src.files import sha256_of
from src.lineage.chain import read_chain, read_file
from src.lineage.commits import HASH, History
from src.lineage.events import State
from src.lineage.folder import Folder, StorageError
from src.lineage.lock import LineageError, Lock, read_lock
from src.lineage.storage import Bucket, remote
from src.model.card import CARD
from src.serving import score
from src.serving.export import EXPORT

log = logging.getLogger(__name__)

ENTRY, MODULES = "src/serving/score.py", ("src.serving.predictors", "src.model.forms")  # where `load` is, and was
LOCKS = ("requirements-serving.txt", "requirements.txt")
MACHINE = """
import json
from pathlib import Path
from src.journal.service import service_of
found = service_of(Path())
print(json.dumps([found.python, json.loads(found.libraries), found.cpu]))
"""
UNUSED = (".parquet",)  # what DVC keeps beside a model for others than those who score
NO_LIBRARY = ("ModuleNotFoundError", "ImportError", "PackageNotFoundError", " is installed")
Missing = Literal["object", "commit", "library", "code"]
Answer = dict[str, Any]


class MissingError(LastroError):
    """What is needed to compute the number again cannot be had; `what` says which part."""

    def __init__(self, what: Missing, sentence: str) -> None:
        super().__init__(sentence)
        self.what = what


class Unscored(NamedTuple):
    """Why these inputs have no answer."""

    sentence: str


class Machine(NamedTuple):
    """What computes: Python, the versions of libraries that decide numbers, the processor."""

    python: str
    libraries: dict[str, str]
    cpu: str | None


class Combination(NamedTuple):
    """The commit whose code computes, and the commit, or the published version, whose model it computes with."""

    code: str
    model: str | int


@dataclass
class Workshop:
    """A temporary place; `with` it, and it is gone afterwards. `environments`, if given, keeps locks' libraries."""

    root: Path
    history: History
    environments: Path | None = None
    folder: tempfile.TemporaryDirectory[str] = field(
        default_factory=lambda: tempfile.TemporaryDirectory(prefix="lastro-replay-")
    )
    machines: dict[Path, Machine] = field(default_factory=dict)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.folder.cleanup()

    @cached_property
    def place(self) -> Bucket | Folder:
        """Return DVC's remote, as it is configured here and now."""
        return remote(self.root)

    @cached_property
    def published(self) -> State:
        """Return what the chain of events says; nothing where there is none that can be read."""
        try:
            return read_chain(self.place).state
        except (LineageError, StorageError) as error:
            log.warning("the chain of events: %s", error)
            return State()

    def answers(self, combination: Combination, inputs: Sequence[str]) -> list[Answer | Unscored]:
        """Return an answer to each; raises MissingError where this code or this model cannot be had or run."""
        code, models = self.unpacked(combination.code), self.delivered(combination.model)
        command = [str(self.python(code)), *entry(code), str(models)]
        found: list[Answer | Unscored] = []
        while len(found) < len(inputs):
            rest = "".join(f"{one_line(text)}\n" for text in inputs[len(found) :])
            done = subprocess.run(  # noqa: S603 (no shell)
                command, cwd=code, input=rest, capture_output=True, check=False, encoding="utf-8"
            )
            found += answered(done.stdout)
            if done.returncode:
                found.append(stopped(done.stderr))
            elif len(found) != len(inputs):
                raise MissingError("code", f"that commit's code gave {len(found)} answers to {len(inputs)} inputs")
        return found

    def unpacked(self, commit: str) -> Path:
        """Return the folder with a commit's files; raises MissingError where the repository does not have it."""
        if not HASH.fullmatch(commit):
            raise MissingError("commit", f"the log names a commit that is none: {commit!r}")
        folder = Path(self.folder.name) / commit
        if not folder.is_dir():
            if not self.history.holds(commit):
                raise MissingError("commit", f"the commit {commit} is not in this repository: `git fetch` may bring it")
            self.history.unpack(commit, folder)
        return folder

    def delivered(self, model: str | int) -> Path:
        """Return the folder with the model of a commit or version; raises MissingError where an object is another."""
        folder = Path(self.folder.name) / f"{model}-models"
        if not folder.is_dir():
            contents = self.contents(self.unpacked(model)) if isinstance(model, str) else self.kept(model)
            folder.mkdir()
            for name, content in contents.items():
                (folder / name).write_bytes(content)
        return folder

    def kept(self, version: int) -> dict[str, bytes]:
        """Return the files that serve a published version, each verified by the sha256 that its event names."""
        files = self.published.versions[version].files
        try:
            return {name: read_file(self.place, name, files[name]) for name in files if not name.endswith(UNUSED)}
        except (LineageError, StorageError) as error:
            raise MissingError("object", str(error)) from None

    def contents(self, release: Path) -> dict[str, bytes]:
        """Return the files that serve a release's model, each verified by its md5 in dvc.lock."""
        try:
            named = outputs(read_lock(release))
            own = {name: (release / "models" / name).read_bytes() for name in (CARD, EXPORT)}
            kept = {name: md5 for name, md5 in named.items() if not (release / "models" / name).exists()}
            own |= {name: self.place.read(md5) for name, md5 in kept.items() if not name.endswith(UNUSED)}
        except (LineageError, StorageError, OSError) as error:
            raise MissingError("object", str(error)) from None
        for name, content in own.items():
            verify(name, content, named[name])
        return own

    def machine(self, commit: str) -> Machine:
        """Return what computes with a commit's code; raises MissingError where its libraries cannot be had."""
        python = self.python(self.unpacked(commit))
        if python not in self.machines:
            done = subprocess.run(  # noqa: S603 (no shell)
                [str(python), "-c", MACHINE], cwd=self.root, capture_output=True, check=True, encoding="utf-8"
            )
            self.machines[python] = Machine(*json.loads(done.stdout))
        return self.machines[python]

    def python(self, code: Path) -> Path:
        """Return the interpreter: this one, or one with the libraries that the commit's lock names."""
        return installed(code, self.environments) if self.environments else Path(sys.executable)


def outputs(lock: Lock) -> dict[str, str]:
    """Return the md5 of each file of models/ that dvc.lock names."""
    return {Path(path).name: md5 for path, md5 in lock.files("models").items()}


def verify(name: str, content: bytes, md5: str | None) -> None:
    """Raise MissingError where a file of the model is not the one that dvc.lock names."""
    found = hashlib.md5(content, usedforsecurity=False).hexdigest()
    if found != md5:
        raise MissingError("object", f"models/{name}: refused, its md5 is {found}, dvc.lock names {md5}")


def entry(code: Path) -> list[str]:
    """Return what Python is to run: the commit's own entry, or today's on the older modules that it is without."""
    if (code / ENTRY).is_file():
        return ["-m", ENTRY.removesuffix(".py").replace("/", ".")]
    newest, *older = MODULES
    module = next((each for each in MODULES if (code / f"{each.replace('.', '/')}.py").is_file()), older[-1])
    return ["-c", Path(score.__file__).read_text(encoding="utf-8").replace(newest, module)]


def one_line(text: str) -> str:
    """Return a JSON text as one line: within its strings there are no line breaks, elsewhere a blank does the same."""
    return text.replace("\r", " ").replace("\n", " ")


def answered(said: str) -> list[Answer]:
    """Return the answers of the entry; raises MissingError where it says anything else."""
    try:
        return [json.loads(line) for line in said.splitlines()]
    except ValueError:
        raise MissingError("code", "that commit's code prints more than answers") from None


def stopped(said: str) -> Unscored:
    """Return what the entry says of a line; raises MissingError where it could not begin."""
    last = said.strip().rpartition("\n")[2] or "it ended without a word"
    if last.startswith("error: line "):
        return Unscored(last.removeprefix("error: "))
    if any(word in last for word in NO_LIBRARY):
        raise MissingError("library", f"{last.removeprefix('error: ')}; `--rebuild` installs what that commit names")
    if last.startswith("error: "):
        raise MissingError("object", last.removeprefix("error: "))
    raise MissingError("code", f"that commit's code fails here: {last}")


def installed(code: Path, environments: Path) -> Path:
    """Return the interpreter of an environment as the commit's lock names it, made if it is not there yet."""
    lock = next((code / name for name in LOCKS if (code / name).is_file()), None)
    uv = shutil.which("uv", path=str(Path(sys.executable).parent)) or shutil.which("uv")
    if lock is None or uv is None:
        raise MissingError("library", "there is no uv to install by" if lock else f"that commit has no {LOCKS[0]}")
    python = ".".join(map(str, sys.version_info[:3]))
    folder = environments / f"{sha256_of(lock.read_bytes())[:16]}-python{python}"
    if not folder.is_dir():
        environments.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=environments) as apart:
            made = Path(apart) / "environment"
            install([uv, "venv", "--quiet", "--python", sys.executable, str(made)])
            into = ["--python", str(made / "bin" / "python")]
            install([uv, "pip", "sync", "--quiet", "--require-hashes", *into, str(lock)])
            made.rename(folder)
    return folder / "bin" / "python"


def install(command: list[str]) -> None:
    """Run a command of uv's; raises MissingError, with its last words, where it fails."""
    done = subprocess.run(command, capture_output=True, check=False, encoding="utf-8")  # noqa: S603 (no shell)
    if done.returncode:
        said = " ".join(done.stderr.split())[-300:]
        raise MissingError("library", f"the libraries of that commit cannot be installed: {said}")
