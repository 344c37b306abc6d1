"""Bad input: one message with file, field, problem and rule, by a stage and by `dvc repro`; the former outputs stay"""

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from src.errors import run
from src.pipeline import ingest, prepare
from tests.conftest import Project
from tests.pipeline.conftest import DATA, OUTPUTS, PACKAGE, Rows, change_data, column, field_named, outputs

STAGES = {"ingest": ingest.main, "prepare": prepare.main}
FINISHED = {  # what the stages before the failing one may have written again
    "ingest": set(),
    "prepare": {"data/raw/applications.parquet", "dvc.lock"},
}


@pytest.fixture
def project(light_run: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Project:
    """The working directory: what stages read and write of a run, without Git and DVC, which cost more than a stage."""
    root = tmp_path / "project"
    for name in {"params.yaml", "data/external", *OUTPUTS}:
        copy = shutil.copytree if (light_run.root / name).is_dir() else shutil.copy2
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        copy(light_run.root / name, root / name)
    monkeypatch.chdir(root)
    return Project(root)


def refusal(project: Project, stage: str) -> str:
    """Run the stages up to `stage`, which must refuse, and return its message."""
    before = outputs(project)
    if stage == "prepare":
        ingest.main()
    with pytest.raises(SystemExit) as caught:
        run(STAGES[stage])
    unchanged(before, project, stage)
    return str(caught.value.code).removeprefix("error: ")


def refusal_of_dvc(project: Project, stage: str) -> str:
    """Run `dvc repro`, which must fail in `stage`, and return the stage's message."""
    before = outputs(project)
    done = project.run("dvc", "repro", check=False)
    assert done.returncode != 0, done.stdout
    assert "Traceback" not in done.stdout
    assert done.stdout.count("error: ") == 1, done.stdout
    message, _, rest = done.stdout.partition("error: ")[2].partition("ERROR: ")
    assert rest.startswith(f"failed to reproduce '{stage}'"), done.stdout
    unchanged(before, project, stage)
    return message.strip()


def unchanged(before: dict[str, bytes], project: Project, stage: str) -> None:
    """Compare the outputs with the former ones."""
    after = outputs(project)
    assert list(after) == list(before)
    assert {name for name in before if after[name] != before[name]} <= FINISHED[stage]


def put(project: Project, name: str, cells: dict[int, str]) -> Callable[[Rows], None]:
    """Return a change of the data: line number -> the field's new cell."""
    place = column(project, name)

    def change(rows: Rows) -> None:
        for line, cell in cells.items():
            rows[line - 1][place] = cell

    return change


@pytest.mark.parametrize(
    ("name", "cells", "stage", "rule"),
    [
        ("credit_amount", {2: "1,5"}, "ingest", "rule type integer: 1 row(s), first '1,5' at german.data line 2"),
        ("savings", {3: "A9"}, "prepare", "rule categories: 1 row(s), first 'A9' at german.data line 3"),
    ],
    ids=["ingest", "prepare"],
)
def test_dvc_repro_stops_at_the_refusing_stage_and_loses_nothing(
    light_run: Project, tmp_path: Path, name: str, cells: dict[int, str], stage: str, rule: str
) -> None:
    project = light_run.copy(tmp_path / "whole")
    change_data(project, put(project, name, cells))
    assert refusal_of_dvc(project, stage).splitlines() == ["the table breaks its contract:", f"  {name}: {rule}"]


def test_missing_column(project: Project) -> None:
    place = column(project, "savings")
    change_data(project, lambda rows: [row.pop(place) for row in rows], header=True)
    assert refusal(project, "ingest") == (
        "german.data: line 1: header: missing column: 'savings' (the data package lists 21 fields)"
    )


def test_extra_column(project: Project) -> None:
    def change(rows: Rows) -> None:
        for row, cell in zip(rows, ["shoe_size", *["42"] * 1000], strict=True):
            row.insert(3, cell)

    change_data(project, change, header=True)
    assert refusal(project, "ingest").startswith("german.data: line 1: header: extra column: 'shoe_size' (")


def test_ragged_row(project: Project) -> None:
    change_data(project, lambda rows: (rows[6].append("1"), rows[9].pop()))
    assert refusal(project, "ingest") == (
        "german.data: 2 row(s) have another number of columns than the contract's 21 (the first has 22): line 7, 10"
    )


def test_unknown_category(project: Project) -> None:
    change_data(project, put(project, "checking_status", {3: "A19", 8: "A15"}))
    assert refusal(project, "prepare").splitlines() == [
        "the table breaks its contract:",
        "  checking_status: rule categories: 2 row(s), first 'A19' at german.data line 3, 8",
    ]


def test_number_out_of_bounds(project: Project) -> None:
    change_data(project, put(project, "duration_months", dict.fromkeys(range(11, 18), "600")))
    assert refusal(project, "prepare").splitlines() == [
        "the table breaks its contract:",
        "  duration_months: rule maximum 120: 7 row(s), first 600 at german.data line 11, 12, 13, 14, 15",
    ]


def test_type_error(project: Project) -> None:
    change_data(project, put(project, "credit_amount", {2: "1,5", 4: "much", 5: "12.5"}))
    assert refusal(project, "ingest").splitlines() == [
        "the table breaks its contract:",
        "  credit_amount: rule type integer: 3 row(s), first '1,5' at german.data line 2, 4, 5",
    ]


def test_all_violations_are_reported_at_once(project: Project) -> None:
    def change(rows: Rows) -> None:
        for name, cells in {
            "checking_status": {1: "none"},
            "duration_months": {2: "0", 3: "soon", 4: "999"},
            "age_years": {5: ""},
            "foreign_worker": {6: "A203"},
        }.items():
            put(project, name, cells)(rows)

    change_data(project, change)
    assert refusal(project, "ingest").splitlines() == [
        "the table breaks its contract:",
        "  duration_months: rule type integer: 1 row(s), first 'soon' at german.data line 3",
        "  checking_status: rule categories: 1 row(s), first 'none' at german.data line 1",
        "  duration_months: rule minimum 1: 1 row(s), first 0 at german.data line 2",
        "  duration_months: rule maximum 120: 1 row(s), first 999 at german.data line 4",
        "  age_years: rule required: 1 row(s), first a missing value at german.data line 5",
        "  foreign_worker: rule categories: 1 row(s), first 'A203' at german.data line 6",
    ]


def test_empty_file(project: Project) -> None:
    change_data(project, lambda rows: rows.clear())
    assert refusal(project, "ingest") == "german.data: the file is empty; a table needs at least one row"


def test_target_with_one_class(project: Project) -> None:
    change_data(project, put(project, "credit_risk", dict.fromkeys(range(1, 1001), "1")))
    assert refusal(project, "prepare") == (
        "target 'credit_risk': 0 of 1000 rows are bad (bad is 2); training needs at least 10 of each outcome"
    )


def test_wrong_hash(project: Project) -> None:
    project.edit(PACKAGE, lambda package: package["resources"][0].update(hash=f"sha256:{'0' * 64}"))
    message = refusal(project, "ingest")
    assert message.startswith("german.data: hash is sha256:b21f3d81db8071257d5ff1deaeba1fd4303b62712e6fcc9715c7a86202")
    assert f"the data package names sha256:{'0' * 64}" in message


def test_missing_hash_names_the_value_to_paste(project: Project) -> None:
    project.edit(PACKAGE, lambda package: package["resources"][0].pop("hash"))
    message = refusal(project, "ingest")
    assert "the data package has no `hash`" in message
    pasted = message.partition("add  hash: ")[2]
    assert pasted == "sha256:b21f3d81db8071257d5ff1deaeba1fd4303b62712e6fcc9715c7a86202cb5871"


def test_missing_file(project: Project) -> None:
    (project.root / DATA).unlink()
    project.edit(PACKAGE, lambda package: package["resources"][0].pop("sources"))
    assert refusal(project, "ingest") == (
        f"{DATA}: no such file, and the data package names no source address ending /german.data"
    )


def test_data_package_that_breaks_the_standard_is_told_all_its_problems(project: Project) -> None:
    def change(package: dict) -> None:
        package["resources"][0] |= {"path": "../german.data", "encoding": 8}
        field_named(package, "savings")["constraints"]["minimun"] = 1
        field_named(package, "age_years")["type"] = "whole"

    project.edit(PACKAGE, change)
    path, encoding, savings, age = refusal(project, "ingest").splitlines()
    at = f"{PACKAGE}: resources.0"
    assert path.startswith(f"{at}.path.0: a path is an address, or relative to the package without '..' (given: ")
    assert encoding == f"{at}.encoding: Input should be a valid string (given: 8)"
    assert savings == f"{at}.schema.fields.5.constraints: unknown property 'minimun'; did you mean 'minimum'?"
    assert age.startswith(f"{at}.schema.fields.12.type: Input should be 'string', 'integer', ")


@pytest.mark.parametrize(
    ("section", "unknown", "nearest"), [("train", "fold", "folds"), (None, "sede", "seed")], ids=["inner", "outer"]
)
def test_unknown_parameter(project: Project, section: str | None, unknown: str, nearest: str) -> None:
    project.edit("params.yaml", lambda params: (params[section] if section else params).update({unknown: 3}))
    place = section or "the whole"
    assert refusal(project, "ingest") == (
        f"params.yaml: {place}: unknown parameter '{unknown}'; the nearest known one is '{nearest}'"
    )
