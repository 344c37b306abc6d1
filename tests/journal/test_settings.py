"""The log's place is read by its own settings, from anywhere, and says nothing secret"""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from pydantic import ValidationError

from src.api import settings as api
from src.journal.settings import Settings
from tests.conftest import ROOT, Project


@pytest.fixture(autouse=True)
def _clean(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.startswith("LASTRO_")]:
        monkeypatch.delenv(name)


def test_without_variables_it_is_a_file_in_the_projects_state(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    found = Settings(_env_file=None)
    assert (found.state, found.database_timeout) == (ROOT / "var", 2.0)
    assert found.journal_url == f"sqlite:///{ROOT}/var/api/journal.db"


@pytest.mark.parametrize(
    ("given", "meant"),
    [
        ("sqlite:///log.db", f"sqlite:///{ROOT}/log.db"),
        ("sqlite:////srv/log.db", "sqlite:////srv/log.db"),
        ("postgresql://lastro:p%40ss@db/lastro", "postgresql://lastro:p%40ss@db/lastro"),
    ],
)
def test_relative_file_is_the_projects_and_a_server_stays_as_it_is(given: str, meant: str) -> None:
    assert Settings(_env_file=None, database_url=given).journal_url == meant


@pytest.mark.parametrize("given", ["no address", "mysql://u:hidden@db/lastro", "sqlite://", "postgresql://u:hidden@db"])
def test_address_that_is_no_log_is_refused(monkeypatch: pytest.MonkeyPatch, given: str) -> None:
    monkeypatch.setenv("LASTRO_DATABASE_URL", given)
    with pytest.raises(ValidationError, match="database_url") as refused:
        Settings(_env_file=None)
    said = refused.value.errors(include_input=False)[0]["msg"]
    assert "hidden" not in said
    assert "PostgreSQL" in said or "postgresql://" in said


def test_empty_variables_mean_the_default(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("LASTRO_STATE", "LASTRO_DATABASE_URL", "LASTRO_DATABASE_TIMEOUT"):
        monkeypatch.setenv(name, "")
    assert Settings(_env_file=None) == Settings.model_construct(
        state=ROOT / "var", database_url=None, database_timeout=2.0
    )


def test_projects_env_file_is_read_from_any_folder(project: Project, tmp_path: Path) -> None:
    (project.root / ".env").write_text(
        "LASTRO_STATE=elsewhere\nLASTRO_DATABASE_TIMEOUT=7\nLASTRO_API_KEYS=unknown here\n"
    )
    code = "from src.journal.settings import Settings as S; s = S(); print(s.journal_url, s.database_timeout)"
    kept = {name: value for name, value in os.environ.items() if not name.startswith("LASTRO_")}
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=tmp_path, env=kept | {"PYTHONPATH": str(project.root)}, capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert done.stdout.split() == [f"sqlite:///{project.root}/elsewhere/api/journal.db", "7.0"]


def test_service_has_the_same_fields_and_repeats_none() -> None:
    assert issubclass(api.Settings, Settings)
    assert set(api.Settings.__annotations__).isdisjoint(Settings.__annotations__)
