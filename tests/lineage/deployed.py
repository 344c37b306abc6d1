"""A project whose overlays Git keeps, three versions in a folder's chain: what a deployment by pull request has"""

import contextlib
import shutil
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from src.files import digest
from src.lineage import gitops, registry
from src.lineage.chain import append, keep, read_chain
from src.lineage.events import StoredFile
from src.lineage.folder import Folder
from src.lineage.overlay import ANNOTATION, NAMED
from src.lineage.settings import Settings
from tests.conftest import ROOT
from tests.lineage.conftest import point_to_folder
from tests.lineage.versions import Facts, version

USER = ("-c", "user.name=Ann", "-c", "user.email=ann@example.org", "-c", "commit.gpgSign=false")
FREE = NAMED.partition("spec:")[0]
Stand = Callable[[Path], "Deployed"]


def model_yaml(number: int | None) -> str:
    """Return an overlay's model.yaml."""
    return FREE if number is None else NAMED.format(annotation=ANNOTATION, version=number)


@dataclass(frozen=True)
class Deployed:
    """The project, and the folder of its chain."""

    root: Path
    settings: Settings

    @property
    def place(self) -> Folder:
        """The folder of objects and events."""
        return Folder(self.root.parent / "objects")

    def git(self, *words: str) -> str:
        """Return what Git prints."""
        done = subprocess.run(["git", *USER, *words], cwd=self.root, check=True, capture_output=True, text=True)
        return done.stdout.strip()

    def file(self, overlay: str = "production") -> Path:
        """Return an overlay's model.yaml."""
        return self.root / "deploy" / "kubernetes" / "overlays" / overlay / "model.yaml"

    def commit(self, number: int | None, subject: str = "Another version", overlay: str = "production") -> str:
        """Let an overlay name a version; return the commit."""
        self.file(overlay).parent.mkdir(parents=True, exist_ok=True)
        self.file(overlay).write_text(model_yaml(number))
        self.git("add", "deploy")
        self.git("commit", "--quiet", "-m", subject)
        return self.git("rev-parse", "HEAD")

    def sync(self, overlay: str = "production", *more: str) -> int:
        """Run what follows a sync; return its exit code."""
        return gitops.main([overlay, *more], self.root, self.settings)

    def run(self, command: str) -> int:
        """Run a command of the registry; return its exit code."""
        return registry.main(command.split(), self.root, self.settings)

    def events(self) -> list[tuple[str, int, int | None]]:
        """Return kind, version and champion of each event that publishes nothing."""
        return [(event.kind, event.version, event.to) for event in read_chain(self.place).events[3:]]

    def champion(self) -> int | None:
        """Return the chain's champion."""
        return read_chain(self.place).state.champion


def published(place: Folder, number: int, folder: Path, facts: Facts) -> None:
    """Append a version of these files to the chain, without DVC or MLflow."""
    files = {}
    for path in sorted(folder.iterdir()):
        keep(place, path.read_bytes())
        at = {"sha256": digest(path), "md5": digest(path, "md5"), "size": path.stat().st_size}
        files[path.name] = StoredFile(**at, at="registry")
    told = {"version": number, "by": "t", "why": "w", "files": files, **facts._asdict()}
    append(place, read_chain(place), kind="publish", **told | {"form_sha256": f"{number:064}"})


@pytest.fixture(scope="module")
def stand(tmp_path_factory: pytest.TempPathFactory) -> Stand:
    """Return a maker of projects without a champion: version 2 passes its gates beside 1, and 3 is of no commit."""
    made = tmp_path_factory.mktemp("deployed")
    folder = version(made / "version", "scorecard", range(200), range(200, 400))
    Folder(made / "objects").set_up()
    for number, facts in enumerate([Facts(), Facts(), Facts(git_dirty=True)], start=1):
        published(Folder(made / "objects"), number, folder, facts)

    def copied(target: Path) -> Deployed:
        shutil.copytree(made / "objects", target / "objects")
        root = target / "project"
        (root / ".dvc").mkdir(parents=True)
        for name in (".dvc/config", ".dvc/.gitignore", "policy.yaml"):
            shutil.copy(ROOT / name, root / name)
        point_to_folder(root, target / "objects")
        found = Deployed(root, Settings(state=target / "state", tracking_uri="http://127.0.0.1:9"))
        found.git("init", "--quiet", "-b", "main")
        found.git("add", ".dvc", "policy.yaml")
        return found

    return copied


@contextlib.contextmanager
def alone(patch: pytest.MonkeyPatch) -> Iterator[None]:
    """Let nobody wait for a server that is not there."""
    with patch.context() as context:
        context.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")
        yield


@pytest.fixture
def deployed(stand: Stand, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Deployed]:
    """Such a project, whose chain begins with version 1 as champion and whose overlay follows it."""
    with alone(monkeypatch):
        found = stand(tmp_path)
        found.commit(None, "First")
        assert found.run("promote 1 --why first --force") == 0
        yield found
