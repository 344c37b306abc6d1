"""The report: one file that asks nobody for anything, of counts only, and says what is missing"""

from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path

import pytest
import sqlalchemy as sa

from src.journal.database import connect_engine, migrate, sqlite_file
from src.journal.monitoring_tables import MONITOR_PROGRESS
from src.monitoring.__main__ import main
from tests.monitored import LEFT_OUT, MONTHS, SAID, SCORES, seed, simulated

FORM = "f" * 64
SUBJECTS = {"duration_months": ["to 12", "over 12", "<script>alert(1)</script>"], "purpose": ["car", "missing"]}


class Reading(HTMLParser):
    """What a file holds: its elements, its texts, whatever would be loaded, and whether each element ends."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.texts: list[str] = []
        self.loads: list[str] = []
        self.open: list[str] = []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.loads += [f"{name}={value}" for name, value in attrs if name in ("src", "href", "data", "action")]
        if tag != "meta":
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if not self.open or self.open[-1] != "style":
            self.texts.append(data)


@pytest.fixture
def engine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[sa.Engine]:
    """An empty log of this release, which the commands read."""
    address = f"sqlite:///{tmp_path}/api/journal.db"
    monkeypatch.setenv("LASTRO_STATE", str(tmp_path))
    found = connect_engine(address, 2.0)
    migrate(found, sqlite_file(address))
    yield found
    found.dispose()


def written(path: Path) -> tuple[str, Reading]:
    """The file's text, and what it holds."""
    text = path.read_text(encoding="utf-8")
    return text, Reading(text)


def test_report_is_one_file_that_loads_nothing_and_shows_every_part(
    engine: sa.Engine, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    seed(engine, FORM, SUBJECTS)
    assert main(["report"]) == 0
    path = tmp_path / "monitoring.html"
    assert capsys.readouterr().out == f"{path}\n"
    text, found = written(path)
    assert (found.loads, found.open) == ([], [])
    assert f"2026-03: {LEFT_OUT}" in text
    assert not {"script", "link", "img", "iframe"} & set(found.tags)
    assert "url(" not in text
    assert "default-src 'none'" in text
    assert found.tags.count("svg") > 10
    said = "\n".join(found.texts)
    for part in ("Alerts", "Applications", "Version 1", "Drift", "Score, then and now", "Vintages", "Fairness",
                 "Points won or lost since development", "Observed against expected by score band",
                 "Months of application", *SCORES, *MONTHS, "◔ early look", "○ open", "female",
                 "version 9 has no reference: it is not judged", "ana: a campaign"):  # fmt: skip
        assert part in said, part
    assert "Simulated" not in said
    assert list(tmp_path.glob(".monitoring*")) == []


def test_report_escapes_what_it_is_told(engine: sa.Engine, tmp_path: Path) -> None:
    seed(engine, FORM, {"<i>name</i>": ["a", "b"], **SUBJECTS})
    assert main(["report", "--output", str(tmp_path / "out" / "of.html")]) == 0
    text, found = written(tmp_path / "out" / "of.html")
    assert not {"i", "b", "script"} & set(found.tags)
    assert SAID in found.texts
    assert "<i>name</i>" in found.texts
    assert "&lt;i&gt;name&lt;/i&gt;" in text


def test_simulated_log_and_unpublished_version_are_named(engine: sa.Engine, tmp_path: Path) -> None:
    seed(engine, FORM, SUBJECTS, version=None)
    simulated(engine)
    assert main(["report"]) == 0
    said = "\n".join(written(tmp_path / "monitoring.html")[1].texts)
    assert "Simulated traffic: nobody applied" in said
    assert f"Not published ({FORM[:12]})" in said


def test_monitor_that_has_run_on_nothing_is_a_short_report(engine: sa.Engine, tmp_path: Path) -> None:
    with engine.begin() as connection:
        value = '{"last_success": "2026-11-01T00:00:00+00:00", "rows_counted": 0, "receiver": "none"}'
        row = {"name": "run", "value": value, "time": sa.func.current_timestamp()}
        connection.execute(sa.insert(MONITOR_PROGRESS).values(row))
    assert main(["report"]) == 0
    said = "\n".join(written(tmp_path / "monitoring.html")[1].texts)
    assert "No alert has ever fired." in said
    assert "it then counted 0 new predictions" in said


def test_report_of_a_log_that_no_monitor_has_read_leaves_the_former_file(
    engine: sa.Engine, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "monitoring.html"
    path.write_text("former")
    assert main(["report"]) == 2
    assert "no monitor has run yet on this log: `python -m src.monitoring run`" in capsys.readouterr().err
    with engine.begin() as connection:
        connection.execute(sa.text("DROP TABLE monitor_progress"))
    assert main(["report"]) == 2
    assert "error: the prediction log: " in capsys.readouterr().err
    assert path.read_text() == "former"
