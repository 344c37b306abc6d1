"""What a deployment serves is watched by its own reference; what cannot be judged says why"""

import json
import shutil
from pathlib import Path

import pytest
import sqlalchemy as sa

from src.errors import LastroError
from src.files import digest
from src.journal.monitoring_tables import REBASES
from src.monitoring.__main__ import main
from src.monitoring.counts import count_new
from src.monitoring.versions import form_of, read_versions
from tests.conftest import ROOT
from tests.monitoring.seeded import insert, opened, spread
from tests.monitoring.test_measure import MONDAY

FILES = ("model.json", "export.json", "reference.json")


def models(folder: Path, *without: str) -> Path:
    folder.mkdir(parents=True)
    for name in set(FILES) - set(without):
        shutil.copy(ROOT / "models" / name, folder / name)
    return folder


def delivered(serving: Path) -> None:
    """A champion that has its reference, an older version without one, and one that was not delivered."""
    form, sha256 = digest(models(serving / "a") / "export.json"), json.loads((serving / "a/model.json").read_text())
    models(serving / "b", "reference.json")
    base = {"sha256": sha256["sha256"], "git_commit": None, "files": {}}
    versions = {
        "2": {"folder": "b", "form_sha256": "b" * 64, **base},
        "3": {"folder": "a", "form_sha256": form, **base},
        "4": {"folder": None, "form_sha256": "c" * 64, "why": "its files differ", **base},
    }
    content = {"event": 1, "champion": "3", "challenger": None, "versions": versions}
    (serving / "serving.json").write_text(json.dumps(content))


def test_delivered_versions_are_watched_champion_first(tmp_path: Path) -> None:
    delivered(tmp_path)
    champion, newer, older = read_versions(tmp_path, tmp_path / "models")
    assert (champion.number, champion.says) == ("3", None)
    assert champion.development is not None
    assert champion.development.sha256 == champion.model_sha256
    assert (newer.number, newer.says) == ("4", "it was not delivered: its files differ")
    assert (older.number, older.development) == ("2", None)
    assert str(older.says).startswith("it has no reference.json")
    versions = [champion, newer, older]
    assert form_of(versions, None, champion.model_sha256) == champion.form_sha256
    assert form_of(versions, "b" * 64, champion.model_sha256) == "b" * 64
    assert form_of(versions, None, "0" * 64) == f"model {'0' * 64}"


def test_without_a_delivery_the_models_folder_is_watched(tmp_path: Path) -> None:
    (only,) = read_versions(tmp_path, ROOT / "models")
    assert (only.number, only.form_sha256) == (None, digest(ROOT / "models" / "export.json"))
    assert only.development is not None
    with pytest.raises(LastroError, match=r"export\.json: no such file"):
        read_versions(tmp_path, tmp_path)


def test_reference_of_another_model_is_not_used(tmp_path: Path) -> None:
    folder = models(tmp_path / "models")
    content = json.loads((folder / "reference.json").read_text()) | {"sha256": "0" * 64}
    (folder / "reference.json").write_text(json.dumps(content))
    (only,) = read_versions(tmp_path, folder)
    assert (only.development, only.says) == (None, f"its reference.json is of another model, {'0' * 64}")


def test_rebase_by_command(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    (only,) = read_versions(tmp_path, ROOT / "models")
    address = f"sqlite:///{tmp_path}/api/journal.db"
    engine = opened(address)
    insert(engine, spread(MONDAY, 240, form_sha256=only.form_sha256, model_sha256=only.model_sha256))
    count_new(engine, [only], MONDAY)
    monkeypatch.setenv("LASTRO_DATABASE_URL", address)
    monkeypatch.setenv("LASTRO_STATE", str(tmp_path))
    asked = ["rebase", only.form_sha256, "--since", "2026-03-02T00:00:00Z", "--until", "2026-03-03T00:00:00Z", "--why"]
    assert main([*asked, " "]) == 2
    assert main([*asked, "training saw the approved alone"]) == 0
    assert "is judged against 240 applications from now on" in capsys.readouterr().out
    with engine.connect() as connection:
        (row,) = connection.execute(sa.select(REBASES)).all()
    assert (row.form_sha256, row.why) == (only.form_sha256, "training saw the approved alone")
    assert sum(json.loads(row.counts)["duration_months"]) == 240
    assert main(["rebase", "9", *asked[2:], "why"]) == 2
    assert "9: no version that is watched" in capsys.readouterr().err
    engine.dispose()
