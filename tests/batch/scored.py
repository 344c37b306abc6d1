"""A project, committed, that has scored two files, for whoever asks for its rows again"""

import json
import shutil
from dataclasses import dataclass
from pathlib import Path

import pytest

from src.batch.replaying import Replayed, replay_manifest, replay_row
from src.journal.reader import Reader
from src.lineage.commits import History
from src.lineage.rerun import Workshop
from src.lineage.trials import Trials
from tests.conftest import Project
from tests.lineage.conftest import commit, point_to_folder

FILE = "data/external/german_credit/german.data"


@dataclass
class Scored:
    """A project, committed, that has scored two files; their folder can be copied and changed."""

    project: Project
    folder: Path

    def replay(self, rows: int | str, folder: Path | None = None) -> list[Replayed]:
        """Replay so many rows of the output, perhaps as a copy of it has them, or the row of an identifier."""
        root = self.project.root
        with self.log() as reader, Workshop(root, History(root)) as workshop:
            trials = Trials(workshop)
            if isinstance(rows, str):
                return list(replay_row(reader, trials, rows))
            return list(replay_manifest(reader, trials, str((folder or self.folder) / "out" / "manifest.json"), rows))

    def log(self) -> Reader:
        return Reader(self.address, 2.0)

    @property
    def address(self) -> str:
        return f"sqlite:///{self.project.root / 'var' / 'api' / 'journal.db'}"

    @property
    def run(self) -> str:
        return str(json.loads((self.folder / "out" / "manifest.json").read_text())["run_id"])


@pytest.fixture(scope="session")
def scored(light_run: Project, tmp_path_factory: pytest.TempPathFactory) -> Scored:
    folder = tmp_path_factory.mktemp("scored")
    project = light_run.copy(folder / "project")
    point_to_folder(project.root, Path(shutil.copytree(project.root / ".dvc" / "cache", folder / "objects")))
    commit(project)
    lines = (project.root / FILE).read_text().splitlines(keepends=True)
    (folder / "a.data").write_text("".join(lines[:300]))
    (folder / "b.data").write_text("".join(lines[300:400]).replace("A11 ", "A99 "))  # no such code
    words = (str(folder / "*.data"), str(folder / "out"), "--models", "models", "--reasons")
    assert project.run("python", "-m", "src.batch", *words, check=False).returncode == 1
    return Scored(project, folder)
