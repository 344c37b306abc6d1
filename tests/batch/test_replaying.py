"""Rows of a batch computed again: inputs from the run's own files, code and model from Git and DVC's objects"""

import json
import shutil
from collections import Counter
from pathlib import Path

import pytest
from pyarrow import compute, parquet

from src.batch import planning
from src.errors import LastroError
from src.journal.batch_ids import ids_of, run_id
from src.lineage.verdicts import exit_code
from tests.batch.scored import Scored


@pytest.fixture(autouse=True)
def _of_the_project(scored: Scored, monkeypatch: pytest.MonkeyPatch) -> None:
    """Files are read by that project's data package."""
    monkeypatch.setattr(planning, "ROOT", scored.project.root)


@pytest.fixture
def copied(scored: Scored, tmp_path: Path) -> Path:
    """A copy of the output to change; the manifest still names the files of the input where they are."""
    shutil.copytree(scored.folder / "out", tmp_path / "out")
    return tmp_path


def test_rows_spread_over_all_files_are_equal_with_their_reasons(scored: Scored) -> None:
    found = scored.replay(40)
    assert {outcome.verdict for _, outcome in found} == {"equal"}
    assert len({entry.id for entry, _ in found}) == len(found) == 40
    assert {(entry.decision, entry.reasons != "[]") for entry, _ in found} == {("approve", False), ("decline", True)}
    rows = [int(entry.id[-12:], 16) for entry, _ in found]
    assert rows == sorted(rows)
    assert Counter(row // 100 for row in rows).keys() == {0, 1, 2, 3}
    assert {outcome.lineage["code_commit"] for _, outcome in found} == {
        scored.project.run("git", "rev-parse", "HEAD").stdout.strip()
    }


def test_row_of_an_identifier_is_found_by_the_log(scored: Scored) -> None:
    wanted = scored.replay(3)[1][0]
    assert [(entry.id, outcome.verdict) for entry, outcome in scored.replay(wanted.id)] == [(wanted.id, "equal")]
    assert scored.replay(ids_of(scored.run, 2**40, 1)[0]) == []
    with pytest.raises(LastroError, match="the log has no batch run"):
        scored.replay(ids_of(run_id("5" * 64), 0, 1)[0])


def test_answer_that_was_changed_is_different(scored: Scored, copied: Path) -> None:
    path = copied / "out" / "a-00000.parquet"
    table = parquet.read_table(path)
    place = table.schema.get_field_index("probability_of_default")
    parquet.write_table(table.set_column(place, "probability_of_default", compute.multiply(table[place], 1.5)), path)
    found = scored.replay(4, copied)
    assert [outcome.verdict for _, outcome in found] == ["different"] * 3 + ["equal"]
    assert "another probability_of_default" in found[0][1].says[0]
    assert "not the one that the manifest names" in found[0][1].says[-1]
    assert exit_code({outcome.verdict for _, outcome in found}) == 1


def test_input_that_is_another_now_is_said_and_other_files_are_shown(scored: Scored) -> None:
    path = scored.folder / "b.data"
    content = path.read_bytes()
    try:
        path.write_bytes(content.replace(b"A12 ", b"A14 ", 1))
        found = scored.replay(4)
        assert [(outcome.verdict, outcome.missing) for _, outcome in found[2:]] == [
            ("equal", None),
            ("cannot", "object"),
        ]
        assert "b.data: its sha256 is" in found[3][1].says[0]
        path.unlink()
        (sentence,) = scored.replay(4)[3][1].says
        assert "b.data" in sentence
        assert "no such file" in sentence
    finally:
        path.write_bytes(content)


def test_data_package_that_reads_otherwise_now_is_said(scored: Scored, monkeypatch: pytest.MonkeyPatch) -> None:
    changed = planning.project_package()
    resource = changed.resource.model_copy(update={"encoding": "latin-1"})
    monkeypatch.setattr(
        "src.batch.replaying.project_package", lambda: changed.model_copy(update={"resources": [resource]})
    )
    ((_, outcome),) = scored.replay(1)
    assert (outcome.verdict, outcome.missing) == ("cannot", "code")
    assert "says otherwise now how files are read" in outcome.says[0]


def test_manifest_that_the_log_does_not_name_is_refused(scored: Scored, copied: Path) -> None:
    path = copied / "out" / "manifest.json"
    path.write_text(path.read_text().replace('"rows": 400', '"rows": 401'))
    with pytest.raises(LastroError, match=r"its sha256 is .* the log names"):
        scored.replay(1, copied)
    path.write_text("{}")
    with pytest.raises(LastroError, match="is no manifest of a batch run"):
        scored.replay(1, copied)
    (copied / "out" / "a-00000.parquet").unlink()
    shutil.copy(scored.folder / "out" / "manifest.json", path)
    with pytest.raises(LastroError, match=r"a-00000\.parquet: no such file"):
        scored.replay(1, copied)


def test_command_ends_as_other_replays(scored: Scored) -> None:
    command = ("python", "-m", "src.lineage.replay", "--batch", str(scored.folder / "out" / "manifest.json"))
    done = scored.project.run(*command, "--rows", "2", "--json")
    *lines, last = done.stdout.splitlines()
    assert last == "2 equal"
    assert [json.loads(line)["verdict"] for line in lines] == ["equal"] * 2
    lost = scored.project.run(*command[:-1], str(scored.folder / "none.json"), check=False)
    assert lost.returncode == 2
    assert "none.json: no such file" in lost.stdout
