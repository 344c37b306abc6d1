"""Outcomes join the data: rows keep their side, Git holds none of them, a kill leaves nothing half-written"""

import os
import shutil
import signal
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pandas as pd
import pytest
import yaml

from src.contract import grown
from src.contract.fields import ContractError
from src.contract.package import read_package
from src.model.rows import hashed
from src.pipeline import ingest, prepare, refresh
from tests.conftest import ROOT, Project
from tests.pipeline.conftest import DATA, FOLDER, PACKAGE, change_data, field_named
from tests.pipeline.outcome_log import START, fill

ROWS, IDS = FOLDER / "outcomes.data", FOLDER / "outcomes.predictions.csv"
LOG = "state/api/journal.db"


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Project:
    """What a refresh reads, in a folder in which we are, and a log that has nothing yet; DVC is told nothing."""
    for name in ("params.yaml", "policy.yaml", "models/reference.json", PACKAGE, DATA):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, tmp_path / name)
    (tmp_path / ".dvc").mkdir()
    enter(Project(tmp_path), monkeypatch)
    monkeypatch.setattr(grown, "dvc", lambda *_: None)
    return Project(tmp_path)


def enter(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(project.root)
    monkeypatch.setenv("LASTRO_STATE", str(project.root / "state"))
    told(project, 0)


def told(project: Project, rows: int, seed: int = 1, **about: object) -> list[str]:
    return fill(project.root / LOG, read_package(Path(PACKAGE)), rows, seed, **about)


def files(project: Project) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in (project.root / FOLDER).iterdir()}


def split(project: Project) -> tuple[set[str], set[str], list[pd.DataFrame]]:
    """The hashes of the rows that train and those that test, after both stages."""
    ingest.main()
    prepare.main()
    parts = [pd.read_parquet(project.root / path) for path in (prepare.TRAIN, prepare.TEST)]
    train, test = (set(hashed(part)["row"]) for part in parts)
    return train, test, parts


def test_outcomes_join_the_data_and_git_holds_none_of_them(
    project: Project, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    here = project
    enter(here, monkeypatch)
    ids = told(here, 80, groups={"foreign_worker": "yes"})
    before = here.read(PACKAGE).splitlines()
    assert refresh.main([]) == refresh.JOINED
    said = capsys.readouterr().out
    for words in (
        "80 applications with outcomes, 80 of them new",
        "only approved applicants have outcomes: 4 bad, 4.4 expected (0.91)",
        "score from 597",
        "protected field personal_status_sex: not told of 80 of 80",
        "protected field foreign_worker: not told of 0 of 80",
        "a bare `dvc repro` in a clone wants `dvc pull` first",
    ):
        assert words in said
    assert IDS.read_text().split() == ["prediction_id", *ids]
    assert len(ROWS.read_text().splitlines()) == 80
    changed = here.run("git", "status", "--porcelain", "--untracked-files=all").stdout.splitlines()
    assert sorted(line[3:] for line in changed if "state/" not in line) == sorted(
        [PACKAGE, str(FOLDER / ".gitignore"), f"{ROWS}.dvc", f"{IDS}.dvc"]
    )
    assert here.run("dvc", "status", f"{ROWS}.dvc", f"{IDS}.dvc").stdout.strip().endswith("up to date.")
    assert len(set(before) - set(here.read(PACKAGE).splitlines())) == 3, "path, bytes and hash: comments are kept"
    left = files(here)
    assert refresh.main([]) == refresh.NOTHING_NEW
    assert files(here) == left
    for name in (ROWS, IDS):
        (here.root / name).unlink()
    with pytest.raises(ContractError, match=r"outcomes\.data: no such file; .* `dvc pull` first"):
        ingest.main()
    told(here, 5, seed=2, start=START + timedelta(days=70))
    assert refresh.main([]) == refresh.JOINED, "DVC has what was there"


def test_rows_keep_their_side_of_the_split_by_seed_over_two_refreshes(here: Project) -> None:
    first = split(here)
    told(here, 150)
    assert refresh.main([]) == refresh.JOINED
    second = split(here)
    told(here, 150, seed=2, start=START - timedelta(days=30))  # of before the others, too
    assert refresh.main([]) == refresh.JOINED
    third = split(here)
    for (train, test, _), (later_train, later_test, parts) in ((first, second), (second, third), (first, third)):
        assert later_train >= train
        assert later_test >= test
        assert not later_test & train
        assert [part.attrs["joined"] > 0 for part in parts] == [True, True]
    sizes = [part.attrs["joined"] for part in third[2]]
    assert sum(sizes) == 300
    assert 0.1 < sizes[1] / 300 < 0.3


def by_time(project: Project) -> None:
    """Give the German data a day of application, the field that comes first, and split by it."""

    def dated(package: dict) -> None:
        made = {"name": "made", "type": "date", "role": "time", "constraints": {"required": True}}
        package["resources"][0]["schema"]["fields"].insert(0, made)

    def days(rows: list[list[str]]) -> None:
        for place, row in enumerate(rows):
            row.insert(0, str((START - timedelta(days=place * 7 % 1000)).date()))

    change_data(project, days)
    project.edit(PACKAGE, dated)
    project.edit("params.yaml", lambda params: params["split"].update(by="time"))


def test_by_time_the_cut_only_moves_forward_over_two_refreshes(here: Project) -> None:
    by_time(here)
    trains, cuts = [], []
    for days, rows in ((None, 0), (1, 40), (-900, 400), (20, 200)):  # the second lets the share's own day go back
        if days is not None:
            told(here, rows, seed=rows, start=START + timedelta(days=days))
            assert refresh.main([]) == refresh.JOINED
        train, test, parts = split(here)
        assert all(not test & former for former in trains)
        trains.append(train)
        cuts.append(parts[1]["made"].min())
        assert parts[0]["made"].max() < cuts[-1]
    assert cuts == sorted(cuts)
    assert cuts[0] < cuts[-1]
    joined = yaml.safe_load(here.read(PACKAGE))["resources"][0]["outcomes"]
    assert joined["test_from"] == str(cuts[-1].date())


def test_nothing_mature_writes_nothing(here: Project) -> None:
    before = files(here)
    assert refresh.main([]) == refresh.NOTHING_NEW, "an empty log"
    told(here, 40)
    assert refresh.main(["--until", "2024-12-01T00:00:00Z"]) == refresh.NOTHING_NEW, "none is a year old"
    assert files(here) == before
    assert refresh.main(["--until", "2025-01-05T00:00:00+00:00"]) == refresh.JOINED, "those of five days"
    assert len(ROWS.read_text().splitlines()) == 20
    joined = files(here)
    assert refresh.main(["--until", "2025-01-03T00:00:00Z"]) == refresh.NOTHING_NEW, "what was known before"
    assert files(here) == joined
    assert refresh.main([]) == refresh.JOINED
    assert len(ROWS.read_text().splitlines()) == 40


def test_log_that_is_not_there_is_a_sentence(here: Project, capsys: pytest.CaptureFixture[str]) -> None:
    (here.root / LOG).unlink()
    assert refresh.main([]) == refresh.IMPOSSIBLE
    assert capsys.readouterr().err.startswith("error: the prediction log: ")


def test_another_base_rate_is_refused_unless_it_is_asked_for(here: Project, capsys: pytest.CaptureFixture[str]) -> None:
    told(here, 60, bad_rate=0.2)
    before = files(here)
    assert refresh.main([]) == refresh.REFUSED
    said = capsys.readouterr().err
    assert said.startswith("refused: of the approved with outcomes 12 bad, 3.3 expected (3.64), of the reference's")
    assert "--mixed-base-rates" in said
    assert files(here) == before
    assert refresh.main(["--mixed-base-rates"]) == refresh.JOINED
    assert "mixed base rates: " in capsys.readouterr().out


def test_declined_with_an_outcome_is_counted_and_no_part_of_the_base_rate(
    here: Project, capsys: pytest.CaptureFixture[str]
) -> None:
    told(here, 60)
    told(here, 9, seed=2, decision="decline", bad_rate=1.0)
    assert refresh.main([]) == refresh.JOINED
    assert "3 bad, 3.3 expected (0.91); 9 more were declined, and have one all the same" in capsys.readouterr().out


def test_application_of_another_contract_is_left_out_and_said(
    here: Project, capsys: pytest.CaptureFixture[str]
) -> None:
    told(here, 60)
    here.edit(PACKAGE, lambda package: field_named(package, "housing")["categories"][0].update(label="for free"))
    assert refresh.main([]) == refresh.JOINED
    said = capsys.readouterr().out
    assert "left out, for a value that the file of this contract cannot hold: housing " in said


def test_file_of_somebody_else_is_not_overwritten(here: Project, capsys: pytest.CaptureFixture[str]) -> None:
    told(here, 60)
    ROWS.write_text("mine")
    assert refresh.main([]) == refresh.IMPOSSIBLE
    assert "not of a refresh" in capsys.readouterr().err
    assert ROWS.read_text() == "mine"


KILLED = """
import os, signal, sys
from src.contract import grown
from src.pipeline import refresh
steps = iter(range(9))
def killing(function):
    def step(*given):
        if next(steps) == int(sys.argv[1]):
            os.kill(os.getpid(), signal.SIGKILL)
        function(*given)
    return step
grown.write_bytes = killing(grown.write_bytes)
grown.dvc = killing(lambda *_: None)
sys.exit(refresh.main([]))
"""


def test_who_is_killed_before_the_yaml_leaves_the_package_as_it_was(here: Project) -> None:
    """The steps: Git's list, the identifiers, the rows, DVC, the YAML; `make test-lifecycle` tries them all."""
    check_killed(here, step=4)


def check_killed(here: Project, step: int) -> None:
    """Kill a refresh before a step; the next one ends as if nothing had been."""
    told(here, 60)
    before = here.read(PACKAGE)
    done = subprocess.run(
        [sys.executable, "-c", KILLED, str(step)], env=os.environ | {"PYTHONPATH": str(ROOT)}, check=False
    )
    assert done.returncode == -signal.SIGKILL
    assert here.read(PACKAGE) == before
    assert (here.root / DATA).is_file()
    ignored = here.read(str(FOLDER / ".gitignore")).split() if step else []
    assert {*files(here), *ignored} <= {"german.data", "datapackage.yaml", ".gitignore", ROWS.name, IDS.name, *ignored}
    assert not (ROWS.exists() or IDS.exists()) or ignored == [f"/{ROWS.name}", f"/{IDS.name}"]
    ingest.main()
    assert refresh.main([]) == refresh.JOINED
    once = files(here)
    (here.root / PACKAGE).write_text(before, encoding="utf-8")
    for path in (ROWS, IDS):
        path.unlink()
    assert refresh.main(["--until", datetime.now(UTC).isoformat()]) == refresh.JOINED
    assert files(here) == once, "the same log is the same bytes"
