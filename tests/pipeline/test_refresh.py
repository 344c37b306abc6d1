"""Outcomes join the data: rows keep their side, Git holds none of them, a kill leaves nothing half-written"""

import hashlib
import shutil
import sqlite3
from collections.abc import Sequence
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pandas as pd
import pytest
import yaml

from src.contract import grown
from src.contract.fields import ContractError
from src.contract.package import read_package
from src.errors import IMPOSSIBLE, LastroError
from src.files import write_bytes
from src.model.rows import hashed
from src.pipeline import ingest, prepare, refresh
from tests.conftest import ROOT, Project
from tests.pipeline.conftest import PACKAGE
from tests.pipeline.outcome_log import START, fill

SMALL = """\
# a lender's own words
name: loans
resources:
  - name: loans
    path: loans.csv  # published monthly
    hash: sha256:{hash}
    schema:
      fields:
        - {{name: made, type: date, role: time}}
        - {{name: amount, type: integer, constraints: {{required: true, minimum: 1, maximum: 100000}}}}
        - {{name: job, categories: [{{value: J1, label: employed}}, {{value: J2, label: self-employed}}]}}
        - {{name: sex, role: protected, categories: [f, m], constraints: {{required: true}}}}
        - {{name: branch, role: ignored, constraints: {{required: true}}}}
        - {{name: paid, role: target, bad: n, categories: [{{value: y, label: good}}, {{value: n, label: bad}}]}}
"""
LOANS, OWN = Path("data/loans/datapackage.yaml"), Path("data/loans/loans.csv")
ROWS, IDS = LOANS.with_name("outcomes.csv"), LOANS.with_name("outcomes.predictions.csv")


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Project:
    """What a refresh reads, in a folder in which we are, and a log that has nothing yet; DVC is told nothing."""
    for name in ("params.yaml", "policy.yaml", "models/reference.json"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, tmp_path / name)
    for folder in (".dvc", LOANS.parent):
        (tmp_path / folder).mkdir(parents=True)
    days = [str((START - timedelta(days=place * 7 % 500)).date()) for place in range(400)]
    rows = [f"{day},{place + 1},J{place % 2 + 1},{'fm'[place % 3 == 0]},b,{'yn'[place % 5 == 0]}\n"
            for place, day in enumerate(days)]  # fmt: skip
    content = "made,amount,job,sex,branch,paid\n" + "".join(rows)
    (tmp_path / OWN).write_text(content)
    (tmp_path / LOANS).write_text(SMALL.format(hash=hashlib.sha256(content.encode()).hexdigest()))
    project = Project(tmp_path)
    project.edit("params.yaml", lambda params: params.update(dataset=str(LOANS)))
    monkeypatch.setattr(grown, "dvc", lambda *_: None)
    enter(project, monkeypatch)
    return project


def enter(project: Project, monkeypatch: pytest.MonkeyPatch, package: Path = LOANS) -> None:
    monkeypatch.chdir(project.root)
    monkeypatch.setenv("LASTRO_STATE", str(project.root / "state"))
    told(project, 0, package=package)


def told(project: Project, rows: int, seed: int = 1, package: Path = LOANS, **about: object) -> list[str]:
    return fill(project.root / "state/api/journal.db", read_package(package), rows, seed, **about)


def files(project: Project) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in (project.root / LOANS.parent).iterdir()}


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
    german = Path(PACKAGE)
    enter(project, monkeypatch, german)
    ids = told(project, 80, package=german, groups={"foreign_worker": "yes"})
    before = project.read(PACKAGE).splitlines()
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
    rows, names = german.with_name("outcomes.data"), german.with_name(IDS.name)
    assert names.read_text().split() == ["prediction_id", *ids]
    assert len(rows.read_text().splitlines()) == 80
    changed = project.run("git", "status", "--porcelain", "--untracked-files=all").stdout.splitlines()
    new = [PACKAGE, str(german.with_name(".gitignore")), f"{rows}.dvc", f"{names}.dvc"]
    assert sorted(line[3:] for line in changed if "state/" not in line) == sorted(new)
    for path in (rows, names):
        md5 = hashlib.md5(path.read_bytes(), usedforsecurity=False).hexdigest()
        assert f"md5: {md5}" in project.read(f"{path}.dvc")
        assert Path(f".dvc/cache/files/md5/{md5[:2]}/{md5[2:]}").is_file()
    assert len(set(before) - set(project.read(PACKAGE).splitlines())) == 3, "path, bytes, hash: comments are kept"


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


def test_by_time_the_cut_only_moves_forward_over_two_refreshes(here: Project) -> None:
    here.edit("params.yaml", lambda params: params["split"].update(by="time"))
    trains, cuts = [], []
    for days, rows in ((0, 0), (-900, 200), (20, 90)):  # the first ones would let the share's own day go back
        if rows:
            told(here, rows, seed=rows, start=START + timedelta(days=days))
            assert refresh.main(["--mixed-base-rates"]) == refresh.JOINED
        train, test, parts = split(here)
        assert all(not test & former for former in trains)
        trains.append(train)
        cuts.append(parts[1]["made"].min())
        assert parts[0]["made"].max() < cuts[-1]
    assert cuts[0] == cuts[1] < cuts[2]
    joined = yaml.safe_load(here.read(str(LOANS)))["resources"][0]["outcomes"]
    assert str(cuts[1].date()) < joined["test_from"] <= str(cuts[2].date())


def test_nothing_mature_writes_nothing(here: Project) -> None:
    before = files(here)
    assert refresh.main([]) == refresh.NOTHING_NEW, "an empty log"
    told(here, 40)
    assert refresh.main(["--until", "2024-12-01T00:00:00Z"]) == refresh.NOTHING_NEW, "none is a year old"
    assert files(here) == before
    assert refresh.main(["--until", "2025-01-05T00:00:00+00:00"]) == refresh.JOINED, "those of five days"
    assert len(ROWS.read_text().splitlines()) == 1 + 20
    joined = files(here)
    assert refresh.main(["--until", "2025-01-03T00:00:00Z"]) == refresh.NOTHING_NEW, "what was known before"
    assert files(here) == joined
    assert refresh.main([]) == refresh.JOINED
    assert len(ROWS.read_text().splitlines()) == 1 + 40


def test_log_that_is_not_there_is_a_sentence(here: Project, capsys: pytest.CaptureFixture[str]) -> None:
    (here.root / "state/api/journal.db").unlink()
    assert refresh.main([]) == IMPOSSIBLE
    assert capsys.readouterr().err.startswith("error: the prediction log: ")


def test_another_base_rate_is_refused_unless_it_is_asked_for(here: Project, capsys: pytest.CaptureFixture[str]) -> None:
    told(here, 60, bad_rate=0.2)
    before = files(here)
    assert refresh.main([]) == refresh.REFUSED
    said = capsys.readouterr().err
    assert said.startswith("error: of the approved with outcomes 12 bad, 3.3 expected (3.64), of the reference's")
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
    LOANS.write_text(LOANS.read_text().replace("label: employed", "label: at work"))
    assert refresh.main(["--mixed-base-rates"]) == refresh.JOINED
    said = capsys.readouterr().out
    assert "left out, for a value that the file of this contract cannot hold: job " in said
    assert "ignored, so empty in all of them: branch" in said


def test_clone_without_the_rows_is_told_to_pull(here: Project) -> None:
    told(here, 60)
    assert refresh.main([]) == refresh.JOINED
    ROWS.unlink()
    with pytest.raises(ContractError, match=r"outcomes\.csv: no such file; .* `dvc pull` first"):
        ingest.main()


def test_file_of_somebody_else_is_not_overwritten(here: Project, capsys: pytest.CaptureFixture[str]) -> None:
    told(here, 60)
    ROWS.write_text("mine")
    assert refresh.main([]) == IMPOSSIBLE
    assert "not of a refresh" in capsys.readouterr().err
    assert ROWS.read_text() == "mine"


def test_yaml_is_written_last_and_what_fails_before_leaves_it_as_it_was(
    here: Project, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    told(here, 60)
    before, order = LOANS.read_text(), []

    def failing(command: str, places: Sequence[Path]) -> None:
        raise LastroError(f"dvc {command} {places[0]}: the disk is full")

    def write(path: Path, content: bytes) -> None:
        order.append(path.name)
        write_bytes(path, content)

    monkeypatch.setattr(grown, "write_bytes", write)
    with monkeypatch.context() as patch:
        patch.setattr(grown, "dvc", failing)
        assert refresh.main([]) == IMPOSSIBLE
    assert capsys.readouterr().err == f"error: dvc add {ROWS}: the disk is full\n"
    assert LOANS.read_text() == before
    ingest.main()
    assert refresh.main([]) == refresh.JOINED
    assert order == [".gitignore", IDS.name, ROWS.name, IDS.name, ROWS.name, LOANS.name]


def test_who_was_forgotten_leaves_the_data_and_does_not_join_it(
    here: Project, capsys: pytest.CaptureFixture[str]
) -> None:
    ids = told(here, 60)
    log = here.root / "state/api/journal.db"
    forget(log, ids[7])
    assert refresh.main([]) == refresh.JOINED
    assert "1 left out, for they were forgotten; 0 of them had joined" in capsys.readouterr().out
    assert IDS.read_text().split()[1:] == [one for one in ids if one != ids[7]]
    assert refresh.main([]) == refresh.NOTHING_NEW
    forget(log, ids[9])
    assert refresh.main([]) == refresh.JOINED
    assert "2 left out, for they were forgotten; 1 of them had joined" in capsys.readouterr().out
    assert IDS.read_text().split()[1:] == [one for one in ids if one not in (ids[7], ids[9])]


def forget(log: Path, wanted: str) -> None:
    with closing(sqlite3.connect(log)) as opened, opened:
        opened.execute("UPDATE predictions SET inputs = '{}', reasons = '[]' WHERE id = ?", (wanted,))
