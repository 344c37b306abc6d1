"""The split: every row once; by seed the same share of bads and the same rows again, by time the newest held out"""

from pathlib import Path

import pandas as pd
import pytest

from src.contract.package import ContractError, Package, read_package
from src.contract.table import read_table
from src.pipeline import prepare
from tests.conftest import ROOT, Project
from tests.pipeline.conftest import PACKAGE, outputs


@pytest.fixture(scope="module")
def package() -> Package:
    return read_package(ROOT / PACKAGE)


@pytest.fixture
def table(light_run: Project) -> pd.DataFrame:
    return read_table(light_run.root / "data/raw/applications.parquet")


def test_every_row_is_in_one_part(table: pd.DataFrame, package: Package) -> None:
    train, test = prepare.split(table, package, 0.2, 20)
    assert (len(train), len(test)) == (800, 200)
    assert sorted([*train.index, *test.index]) == list(range(1000))
    assert train.index.is_monotonic_increasing
    assert test.index.is_monotonic_increasing


@pytest.mark.parametrize("share", [0.1, 0.2, 0.5])
def test_both_parts_have_the_same_share_of_bads(table: pd.DataFrame, package: Package, share: float) -> None:
    for part in prepare.split(table, package, share, 1):
        assert (part[package.target.name] == package.target.bad_label).mean() == pytest.approx(0.3, abs=0.002)


def test_seed_decides_which_rows(table: pd.DataFrame, package: Package) -> None:
    once, again, otherwise = (prepare.split(table, package, 0.2, seed)[1] for seed in (1, 1, 2))
    pd.testing.assert_frame_equal(once, again)
    assert set(once.index) != set(otherwise.index)


def test_ignored_columns_are_left_out_and_ids_and_protected_kept(table: pd.DataFrame, package: Package) -> None:
    roles = {"telephone": "ignored", "age_years": "id"}
    content = package.model_dump(by_alias=True, exclude_unset=True)
    for field in content["resources"][0]["schema"]["fields"]:
        field["role"] = roles.get(field["name"], field.get("role", "feature"))
    train, _ = prepare.split(table, Package.model_validate(content), 0.2, 1)
    assert set(table.columns) - set(train.columns) == {"telephone"}


def test_states_stay_with_the_columns_that_stay(table: pd.DataFrame, package: Package) -> None:
    content = package.model_dump(by_alias=True, exclude_unset=True)
    for field in content["resources"][0]["schema"]["fields"]:
        if field["name"] in ("age_years", "credit_amount"):
            field |= {"missingValues": [{"value": "-9", "label": "not told"}], "constraints": {}}
        field["role"] = "ignored" if field["name"] == "age_years" else field.get("role", "feature")
    table[["age_years: state", "credit_amount: state"]] = None
    train, _ = prepare.split(table, Package.model_validate(content), 0.2, 1)
    assert set(table.columns) - set(train.columns) == {"age_years", "age_years: state"}


@pytest.mark.parametrize(("bads", "told"), [(9, "9 of 1000 rows are bad"), (995, "5 of 1000 rows are not bad")])
def test_too_few_of_an_outcome_are_refused(table: pd.DataFrame, package: Package, bads: int, told: str) -> None:
    name, (bad, good) = package.target.name, (package.target.bad_label, package.target.labels[0])
    table[name] = [bad] * bads + [good] * (1000 - bads)
    with pytest.raises(ContractError, match=told):
        prepare.split(table, package, 0.2, 1)


@pytest.mark.parametrize("share", [0.003, 0.997])
def test_part_without_an_outcome_is_refused(table: pd.DataFrame, package: Package, share: float) -> None:
    with pytest.raises(ContractError, match=r"split.test_share: .* leaves a part without an outcome"):
        prepare.split(table, package, share, 1)


def dated(package: Package, name: str = "age_years") -> Package:
    """The package, in which a field says when an application was made."""
    content = package.model_dump(by_alias=True, exclude_unset=True)
    for field in content["resources"][0]["schema"]["fields"]:
        if field["name"] == name:
            field |= {"type": "date", "role": "time", "constraints": {}}
            for other in ("direction", "example", "unit"):
                field.pop(other, None)
    return Package.model_validate(content)


def on_days(table: pd.DataFrame, days: int) -> pd.DataFrame:
    """The table, its applications on so many days, in no order."""
    return table.assign(age_years=pd.Timestamp("2024-01-01") + pd.to_timedelta(table.index * 7 % days, unit="D"))


@pytest.mark.parametrize(("days", "share", "held"), [(10, 0.2, 200), (10, 0.26, 300), (3, 0.05, 333), (1000, 0.1, 100)])
def test_newest_days_are_held_out_and_none_is_on_both_sides(
    table: pd.DataFrame, package: Package, days: int, share: float, held: int
) -> None:
    train, test = prepare.split(on_days(table, days), dated(package), share, 20, "time")
    assert train["age_years"].max() < test["age_years"].min()
    assert (len(train) + len(test), len(test)) == (1000, held)
    assert train.index.is_monotonic_increasing
    assert test.index.is_monotonic_increasing


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (lambda table: on_days(table, 1), "no training row is bad"),
        (lambda table: one_sided(on_days(table, 10), 8), "from 2024-01-09 on as the test rows, no test row is bad"),
        (lambda table: on_days(table, 10).assign(age_years=late), r"3 of 1000 rows have no 'age_years'"),
    ],
    ids=["one day", "no bad of late", "no day"],
)
def test_time_that_leaves_a_side_without_an_outcome_or_a_row_without_a_side_is_refused(
    table: pd.DataFrame, package: Package, change, told: str
) -> None:
    with pytest.raises(ContractError, match=told) as refused:
        prepare.split(change(table), dated(package), 0.2, 20, "time")
    assert len(str(refused.value).splitlines()) == 1


def late(table: pd.DataFrame) -> pd.Series:
    return table["age_years"].mask(table.index < 3)


def one_sided(table: pd.DataFrame, day: int) -> pd.DataFrame:
    new = table["age_years"] >= pd.Timestamp("2024-01-01") + pd.Timedelta(days=day)
    return table.assign(credit_risk=table["credit_risk"].mask(new, "good"))


def test_split_by_time_without_a_time_field_is_refused(table: pd.DataFrame, package: Package) -> None:
    with pytest.raises(ContractError, match=r"^split.by: time needs the field .*`role: time`\)$"):
        prepare.split(table, package, 0.2, 20, "time")


def test_stage_writes_both_parts_and_a_refused_table_changes_neither(
    light_run: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    project = light_run.copy(tmp_path / "project")
    monkeypatch.chdir(project.root)
    before = outputs(project)
    for path in (prepare.TRAIN, prepare.TEST):
        path.unlink()
    prepare.main()
    assert outputs(project) == before, "the same table gives the same bytes"
    table = read_table(prepare.APPLICATIONS)
    table.loc[7, "duration_months"] = -1
    prepare.write_table(prepare.APPLICATIONS, table)
    with pytest.raises(
        ContractError, match=r"duration_months: rule minimum 1: 1 row\(s\), first -1 at german.data line 8"
    ):
        prepare.main()
    assert {name for name, content in outputs(project).items() if content != before[name]} == {
        "data/raw/applications.parquet"
    }
