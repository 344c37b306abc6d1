"""The page's Monitoring: what fires, who applies now, what became of the approved; and why there is nothing to see"""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
import sqlalchemy as sa
from streamlit.testing.v1 import AppTest

from src.frontend.texts import NONE
from src.journal.database import connect_engine
from tests.api.live import KEYS
from tests.frontend.conftest import Open
from tests.frontend.pages import widget, words
from tests.frontend.service import Service
from tests.monitored import COMMAND, DAYS, LEFT_OUT, MONTHS, SAID, seed, simulated

FORM, OTHER = "f" * 64, "e" * 64
CHARTS = 6  # heat, distribution, points, volume; bands, vintages


@pytest.fixture(scope="module")
def engine(api: Service) -> sa.Engine:
    """The running service's log."""
    return connect_engine(f"sqlite:///{api.folder}/api/journal.db", 10.0)


@pytest.fixture(scope="module")
def subjects(models: Path) -> dict[str, list[str]]:
    """The model's features, each with three bins."""
    features = json.loads((models / "model.json").read_text())["features"]
    return {each["name"]: ["missing", "over 1 to 2", "other"] for each in features}


@pytest.fixture(scope="module")
def titles(models: Path) -> list[str]:
    return [each["title"] for each in json.loads((models / "model.json").read_text())["features"]]


@pytest.fixture(scope="module")
def _seeded(engine: sa.Engine, subjects: dict[str, list[str]]) -> None:
    """Months of two versions' traffic, of which the second was not published."""
    seed(engine, FORM, subjects)


def table(page: AppTest, column: str) -> dict[str, list[str]]:
    """The table or list that has a column of this name."""
    drawn = [each.value for kind in (page.table, page.dataframe) for each in kind]
    return next({str(name): list(each[name]) for name in each} for each in drawn if column in each)


def charts(page: AppTest) -> list[str]:
    """What each chart says that it shows."""
    return [each.proto.alt for each in page.get("vega_lite_chart")]


def test_log_that_no_monitor_has_read_says_how_to_run_one(server_with: Callable[..., Service], open_page: Open) -> None:
    page = open_page("monitoring_page", endpoint=server_with().url)
    assert not page.exception
    assert "No monitor has run yet: `python -m src.monitoring run`" in words(page)
    assert (len(page.tabs), len(charts(page))) == (0, 0)


@pytest.mark.usefixtures("_seeded")
def test_page_shows_what_fires_first_with_its_history_and_takes_no_text_for_its_own(
    open_page: Open, titles: list[str]
) -> None:
    page = open_page("monitoring_page")
    assert not page.exception
    (rings,) = [each.value for each in page.error]
    assert rings.startswith(f"**▲ firing: Drift\\: {titles[0]}")
    assert COMMAND not in rings
    assert SAID not in rings  # each of its signs is escaped
    assert "◆ acknowledged: Drift\\: Score in points" in page.info[0].value
    assert [each.value for each in page.code] == [COMMAND] * 2
    alerts = table(page, "History")
    assert alerts["State"] == ["▲ firing", "◆ acknowledged", "✓ over"]
    assert "acknowledged (ana: a campaign)" in alerts["History"][1]
    assert "version 9 has no reference" in page.warning[0].value.replace("\\", "")
    assert "simulated" not in words(page)


@pytest.mark.usefixtures("_seeded")
def test_page_shows_drift_distribution_points_and_volume(open_page: Open, titles: list[str]) -> None:
    page = open_page("monitoring_page")
    assert len(charts(page)) == CHARTS
    assert all(charts(page))
    last = table(page, "PSI")
    assert (last["Fact"][0], last["Result"][0], last["p-value"][0]) == (titles[0], "▲ alarm", "< 0.001")
    assert last["Alarms in the period"][0] == "30"
    assert sum(one != other for one, other in zip(last["PSI"], last["PSI against training"], strict=True)) == 1
    assert "1 window had too few applicants." in words(page)
    assert f"counted {300 * DAYS:,} new predictions" in words(page)
    assert widget(page, "Fact").value == "score"
    assert len(table(page, "At development")["Now"]) == 5
    widget(page, "Fact").select("decision").run()
    assert table(page, "At development")["Bin"] == ["✓ Approve", "✕ Decline"]


@pytest.mark.usefixtures("_seeded")
def test_page_marks_what_is_not_mature_and_shows_groups_where_they_are_known(open_page: Open) -> None:
    page = open_page("monitoring_page")
    assert f"2026-03: {LEFT_OUT}" in [each.value.replace("\\", "") for each in page.warning]
    months = table(page, "Outcomes known")
    assert months["Month"] == list(MONTHS[::-1])
    assert months["State"] == ["○ open", "○ open", "◔ early look", *["✓ mature"] * 3]
    assert months["Result"] == [NONE, NONE, *["✓ quiet"] * 4]
    assert months["Observed / expected"] == [NONE, NONE, "0.71", "0.70", "0.69", "0.68"]
    metrics = table(page, "Metric")
    assert metrics["Metric"] == ["ROC AUC", "Gini", "KS", "Brier"]
    assert (metrics["Value"][0], metrics["At development"][0]) == ("0.710 (0.690 to 0.730)", "0.740")
    assert "No ratios: groups are known for 40.0% of this month's predictions, and 90% are needed." in words(page)
    page.selectbox(key="monitoring:groups").select("2026-04").run()
    groups = table(page, "Group")
    assert (groups["Group"], groups["Approved"]) == (["female", "male"], ["27.0%", "35.0%"])
    assert groups["Ratio"] == ["▼ 0.77, low", "1.00"]
    assert groups["Observed / expected"] == ["0.75 (0.46 to 1.17)"] * 2


@pytest.mark.usefixtures("_seeded")
def test_period_leaves_older_windows_out(open_page: Open) -> None:
    page = open_page("monitoring_page")
    widget(page, "Period of the windows").select(30).run()
    assert not page.exception
    assert int(table(page, "PSI")["Alarms in the period"][0]) == 30
    assert "had too few" not in words(page)


@pytest.mark.usefixtures("_seeded")
def test_page_speaks_portuguese(open_page: Open) -> None:
    page = open_page("monitoring_page", locale="pt-BR")
    assert not page.exception
    assert [tab.label for tab in page.tabs] == ["Alertas", "Solicitantes", "Desfechos", "Equidade"]
    assert table(page, "Histórico")["Estado"][0] == "▲ disparado"


def test_simulated_traffic_is_marked(
    server_with: Callable[..., Service], open_page: Open, subjects: dict[str, list[str]]
) -> None:
    server = server_with()
    engine = connect_engine(f"sqlite:///{server.folder}/api/journal.db", 10.0)
    seed(engine, FORM, subjects, version=None)
    simulated(engine)
    engine.dispose()
    page = open_page("monitoring_page", endpoint=server.url)
    assert "This is simulated traffic" in page.warning[0].value
    assert widget(page, "Version").options == ["not published"]


def test_key_without_the_scope_and_an_api_that_is_down_are_told(
    server_with: Callable[..., Service], open_page: Open
) -> None:
    from hashlib import sha256

    server = server_with(LASTRO_API_KEYS=f"web:{sha256(KEYS['web'].encode()).hexdigest()}:predict")
    page = open_page("monitoring_page", endpoint=server.url)
    assert "may not do this: This wants the scope read" in page.error[0].value
    server.stop()
    page = open_page("monitoring_page", endpoint=server.url)
    assert "Nobody answers at" in page.error[0].value
