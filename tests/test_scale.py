"""The benchmark of size: a contract with every kind of field, what its first stage costs, and how large outputs are"""

from pathlib import Path

import pandas as pd
import pytest

from benchmarks import _tables, scale
from src.contract.package import read_package
from src.contract.table import check_table, read_table
from src.model.card import features_of
from tests.conftest import Project, light
from tests.pipeline.stages import run_stages

KILO = 1000  # bytes


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("scale")
    scale.workspace(folder, rows=400, features=10)
    return folder


def test_table_keeps_its_contract_which_has_every_kind_of_field(workspace: Path) -> None:
    cost = scale.run(workspace, "python -m src.pipeline.ingest")
    assert cost.cpu > 0.1
    assert cost.peak > 50
    package = read_package(workspace / "data/external/made-up/datapackage.yaml")
    table = read_table(workspace / "data/raw/applications.parquet")
    assert len(table) == 400
    assert check_table(table, package) == []
    found = features_of(package)
    assert len(found) == 10
    assert {feature.type for feature in found} == {"category", "text", "integer", "number", "boolean", "date"}
    assert {feature.direction for feature in found} == {"increasing", "decreasing", None}
    assert any(feature.states for feature in found)
    assert package.time is not None
    assert package.protected
    assert 0.05 < package.is_bad(table["defaulted"]).mean() < 0.4
    optional = [feature.name for feature in found if not feature.required]
    assert any(table[name].isna().any() for name in optional)


def test_same_seed_makes_the_same_bytes(workspace: Path, tmp_path: Path) -> None:
    again = tmp_path / "again"
    _tables.write_package(again, 400, 10, scale.SEED)
    for name in ("table.csv", "datapackage.yaml"):
        assert (again / name).read_bytes() == (workspace / "data/external/made-up" / name).read_bytes()
    other = pd.concat(_tables.chunks(_tables.made_of(10, 1), 400, 1))
    assert not other.astype(str).equals(pd.read_csv(again / "table.csv", dtype=str, keep_default_na=False))


def test_stage_that_fails_is_told_with_its_last_words(tmp_path: Path) -> None:
    with pytest.raises(SystemExit, match=r"^python -c 1/0 failed:(.|\n)*ZeroDivisionError"):
        scale.run(tmp_path, "python -c 1/0")


def test_what_git_keeps_of_a_run_is_small_and_dvc_keeps_the_rest(light_run: Project, everything: Project) -> None:
    for project in (light_run, everything):
        found = scale.outputs(project.root)
        assert 20 * KILO < found["git"] < 300 * KILO
        assert found["dvc"] > (project.root / "models/model.pkl").stat().st_size


def test_each_further_field_adds_at_most_ten_kilobytes_to_what_git_keeps(tmp_path: Path) -> None:
    kept = {}
    for features in (10, 20):
        folder = tmp_path / str(features)
        scale.workspace(folder, rows=1500, features=features)
        project = Project(folder)
        project.edit("params.yaml", light)
        run_stages(project)
        kept[features] = scale.outputs(folder)["git"]
    assert 10 * KILO < kept[20] - kept[10] <= 10 * 10 * KILO
