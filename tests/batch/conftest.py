"""A folder of files, a model of the project, and a log of one's own"""

from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest
import sqlalchemy as sa

from src.batch.command import Asked, score_files
from src.batch.planning import project_package
from src.journal.batch_runs import runs
from src.journal.batch_tables import BatchRun
from tests.batch.scored import scored
from tests.conftest import ROOT, Project

__all__ = ["scored"]
ROWS, FILES = 60, 5
Batch = Callable[..., int]


@pytest.fixture(scope="session")
def codes() -> pd.DataFrame:
    """The data set's applicants in the file's codes, without the outcome."""
    package = project_package()
    names = [column.name for column in package.columns if column.name != package.target.name]
    path = ROOT / package_folder() / package.resource.path[0]
    table = pd.read_csv(path, sep=" ", header=None, names=[column.name for column in package.columns], dtype=str)
    return table[names]


def package_folder() -> str:
    return "data/external/german_credit"


@pytest.fixture(scope="session")
def model(light_run: Project) -> Path:
    """The folder of a whole model; the checkout has one only where the pipeline ran. Copy it before you change it."""
    return light_run.root / "models"


@pytest.fixture
def inputs(codes: pd.DataFrame, tmp_path: Path) -> Path:
    """Five files of applicants, a part each."""
    folder = tmp_path / "in"
    folder.mkdir()
    for number in range(FILES):
        codes[number * ROWS : (number + 1) * ROWS].to_csv(folder / f"day-{number}.csv", index=False)
    return folder


@pytest.fixture
def state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The state of a deployment, its log in it."""
    monkeypatch.setenv("LASTRO_STATE", str(tmp_path / "state"))
    monkeypatch.delenv("LASTRO_DATABASE_URL", raising=False)
    return tmp_path / "state"


@pytest.fixture
def batch(state: Path, inputs: Path, model: Path, tmp_path: Path) -> Batch:
    """The command, in this process."""
    assert not state.exists()

    def run(source: Path = inputs, output: Path = tmp_path / "out", models: Path = model, **how: bool) -> int:
        flags = {name: how.get(name, False) for name in ("reasons", "strict", "overwrite")}
        return score_files(Asked(str(source), str(output), "champion", models, workers=1, scheduler=None, **flags))

    return run


def recorded(state: Path) -> list[BatchRun]:
    """The runs in the log."""
    engine = sa.create_engine(f"sqlite:///{state}/api/journal.db")
    try:
        with engine.connect() as connection:
            return runs(connection)
    finally:
        engine.dispose()


def contents(output: Path) -> dict[str, bytes]:
    """Every file of a run by its name."""
    return {str(path.relative_to(output)): path.read_bytes() for path in output.rglob("*") if path.is_file()}
