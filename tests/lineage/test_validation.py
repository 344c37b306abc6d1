"""The validation report: of a version of the real pipeline, of one of an older release, with a log and without"""

import json
import re
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from pydantic import SecretStr

from src.files import digest
from src.journal.database import connect_engine, migrate
from src.journal.monitoring_tables import CHECKS
from src.journal.outcome_tables import OUTCOMES
from src.journal.settings import Settings
from src.journal.tables import PREDICTIONS
from src.lineage.chain import Chain, ChainError, append, keep, read_chain
from src.lineage.declined import NO_OUTCOME, applied, band_of
from src.lineage.events import StoredFile
from src.lineage.folder import Folder
from src.lineage.lock import LineageError
from src.lineage.registry import main
from src.lineage.settings import Settings as LineageSettings
from src.lineage.validation.written import write_report
from src.model.inputs import inputs
from src.serving.predictors import load
from tests.conftest import ROOT, Project
from tests.journal.rows import entry
from tests.lineage.conftest import point_to_folder
from tests.lineage.versions import version
from tests.monitored import seed
from tests.monitoring.seeded import id_at

NOW = datetime(2026, 5, 1, tzinfo=UTC)
SECTIONS = (
    "Summary", "Data and its quality", "Development sample and exclusions", "Candidates, and why this one",
    "Discrimination", "Calibration", "Stability", "Fairness", "Sensitivity",
    "What the scorecard would have done instead", "The declined", "Lineage", "Approvals", "Re-performance", "Limits",
    "Open points for the lender", "Sources",
)  # fmt: skip
RULES = re.compile(r"SR ?\d|11-7|26-2|ECB|BCB|IN 609|Basel|EBA", re.ASCII)
NUMBER = re.compile(r"\d")


@dataclass(frozen=True)
class Published:
    """A project whose place holds version 1."""

    root: Path
    place: Folder
    none: Settings

    def report(self, file: Path, settings: Settings | None = None) -> tuple[str, str]:
        """Return the HTML and the Markdown of version 1's report."""
        paths = write_report(self.root, self.place, 1, file, settings or self.none, NOW)
        assert paths == [file, file.with_suffix(".md")]
        page, text = (path.read_text() for path in paths)
        return page, text


def published(models: Mapping[str, Path], place: Folder, **facts: Any) -> Chain:
    """Publish files as version 1, its first champion, all of them kept beside the chain."""
    place.set_up()
    files = {}
    for name, path in models.items():
        keep(place, path.read_bytes())
        files[name] = StoredFile(
            sha256=digest(path), md5=digest(path, "md5"), size=path.stat().st_size, at="registry")  # fmt: skip
    told = {"form_sha256": digest(models["export.json"]), "sha256": digest(models["model.pkl"]), "data_md5": "d" * 32}
    params = {"seed": 20, "split": {"by": "seed", "test_share": 0.2}}
    chain = append(place, Chain(), kind="publish", version=1, by="ana", why="w", files=files, params=params,
                   **told | facts)  # fmt: skip
    gate = {"name": "ece", "passed": True, "value": 0.05, "limit": 0.1, "says": "the calibration error is small"}
    return append(place, chain, kind="promote", version=1, to=1, by="bruno", why="it is better", gates=[gate])


@pytest.fixture(scope="module")
def real(light_run: Project, tmp_path_factory: pytest.TempPathFactory) -> Published:
    """What the pipeline makes, published."""
    folder = tmp_path_factory.mktemp("validation")
    models = {
        path.name: path for path in (light_run.root / "models").iterdir() if path.is_file() and path.name[0] != "."
    }
    models |= {"test.parquet": light_run.root / "data/processed/test.parquet"}
    published(models, Folder(folder / "objects"))
    return Published(light_run.root, Folder(folder / "objects"), no_log(folder))


def no_log(folder: Path) -> Settings:
    return Settings(database_url=SecretStr(f"sqlite:///{folder / 'none.db'}"))


@pytest.fixture(scope="module")
def log(light_run: Project, tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """The test rows, applied 400 days ago; the approved have outcomes but for one, the newest has none of the two."""
    served = load(light_run.root / "models")
    table = pd.read_parquet(light_run.root / "data/processed/test.parquet")
    rows = json.loads(inputs(table, served.card.features, None).to_json(orient="records"))
    file = tmp_path_factory.mktemp("log") / "journal.db"
    settings = Settings(database_url=SecretStr(f"sqlite:///{file}"))
    engine = connect_engine(settings.journal_url, 2.0)
    migrate(engine, file)
    entries, outcomes = [], []
    for place, (row, outcome) in enumerate(zip(rows, table[served.card.target.name], strict=True)):
        scored = served.scorer.score(row)
        time = NOW - timedelta(days=400) + timedelta(minutes=place)
        one = entry(
            id=id_at(time), time=time, inputs=json.dumps(row), probability_of_default=scored.probability_of_default,
            score=scored.score, decision=scored.decision, threshold=served.card.threshold,
            model_sha256=served.card.sha256, form_sha256=served.form_sha256, model_version="1", service_id=None,
        )  # fmt: skip
        entries.append(one._asdict())
        if scored.decision == "approve" and place:
            told = {"received_at": NOW, "key_id": "web", "prediction_key_id": "web", "observed_at": time}
            outcomes.append(told | {"prediction_id": one.id, "outcome": str(outcome)})
    with engine.begin() as connection:
        connection.execute(PREDICTIONS.insert(), entries)
        connection.execute(OUTCOMES.insert(), outcomes)
    engine.dispose()
    return settings


@pytest.fixture(scope="module")
def texts(real: Published, log: Settings, tmp_path_factory: pytest.TempPathFactory) -> tuple[str, str]:
    return real.report(tmp_path_factory.mktemp("report") / "report.html", log)


class Page(HTMLParser):
    """What a page would load, its headings, its links, and the text of its cells and paragraphs."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.loads: list[str] = []
        self.ids: list[str] = []
        self.links: list[str] = []
        self.cells: list[str] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        self.loads += [given[name] for name in ("src", "srcset", "data", "action") if name in given]
        self.loads += [given["href"]] if tag == "link" else []
        self.ids += [given["id"]] if "id" in given else []
        self.links += [given["href"]] if tag == "a" else []

    def handle_data(self, data: str) -> None:
        self.cells.append(data)


def test_page_loads_nothing_and_its_contents_lead_to_every_section(texts: tuple[str, str]) -> None:
    page = Page(texts[0])
    assert page.loads == []
    assert page.links == [f"#{name}" for name in page.ids]
    assert len(page.ids) == len(SECTIONS)
    assert "default-src 'none'" in texts[0]
    assert "<script" not in texts[0]


def test_markdown_says_the_same_in_the_same_sections(texts: tuple[str, str]) -> None:
    page, text = texts
    titles = [f"{number}. {title}" for number, title in enumerate(SECTIONS, start=1)]
    assert re.findall(r"^## (.*)$", text, re.M) == ["Contents", *titles]
    shown = {" ".join(cell.split()) for cell in Page(page).cells}
    cells = [cell.strip() for line in text.splitlines() if line.startswith("| ") for cell in line[2:-2].split(" | ")]
    plain = {re.sub(r"\\(.)", r"\1", cell).replace("&lt;", "<") for cell in cells if not set(cell) <= {"-"}}
    assert {cell for cell in plain if cell and cell not in shown} == set()


def test_every_number_has_a_file_its_sha256_and_a_command_beneath_it(texts: tuple[str, str], real: Published) -> None:
    hashes = {file.sha256[:12] for file in read_chain(real.place).version(1).files.values()}
    for part in texts[1].split("\n## ")[2:]:
        blocks = part.split("\n\n")[1:]
        for block, after in zip(blocks, [*blocks[1:], ""], strict=True):
            if block.startswith("| ") and "Open points" not in part.partition("\n")[0]:
                assert after.startswith("*Source: "), block
                found = re.search(r"sha256 (\w{12}), made by (.+)\*$", after)
                live = "the prediction log" in after
                assert live or (found and (found[1] in hashes or "registry/credit-score/" in after)), after
    assert len(hashes) == len(read_chain(real.place).version(1).files)


def test_every_file_stands_among_the_sources_with_its_whole_hash(texts: tuple[str, str], real: Published) -> None:
    for name, file in read_chain(real.place).version(1).files.items():
        folder = "data/processed" if name == "test.parquet" else "models"
        assert re.search(rf"\| {folder}/{re.escape(name)} \| [\d,]+ \| {file.sha256} \| dvc repro \w+ \|", texts[1])


def test_it_shows_what_evaluate_measured(texts: tuple[str, str], real: Published) -> None:
    found = json.loads((real.root / "models/evaluation.json").read_text())["validation"]
    text = texts[1]
    for one in found["sensitivity"]["fields"]:
        up = one["up"]
        assert f"| {one['feature']} | {one['by']} | {one['down']['rows']} |" in text
        assert f"| {up['rows']} | {up['mean']:+.3f} | {up['largest']:+.3f} | {up['decisions']} |" in text
    for one in found["stability"]:
        assert f"| {one['subject']} | {one['psi']:.4f} |" in text
    for one in found["calibration"]["test"]["bands"]:
        assert f"| {one['p_value']:.4f} | " in text
    assert "| Training, out of fold | 800 | 240 |" in text
    assert "| bruno | it is better |" in text
    assert "| ece | passed | 0.0500 | 0.1000 | the calibration error is small |" in text


def test_it_names_no_rule_whose_text_was_not_looked_up(texts: tuple[str, str]) -> None:
    words = re.sub(r"\b[0-9a-f]{12,}\b", "", texts[1])
    assert RULES.findall(words) == []


def test_what_only_the_lender_knows_is_a_named_open_point(texts: tuple[str, str]) -> None:
    points = re.findall(r"^\| (O\d+) \| .+ \| .+ \|  \|  \|$", texts[1], re.M)
    assert points == [f"O{place}" for place in range(1, len(points) + 1)]
    assert len(points) > 10


def test_test_rows_are_scored_again_and_a_form_that_says_otherwise_is_seen(texts: tuple[str, str]) -> None:
    far = re.search(r"largest difference of 200 PDs is ([\de.+-]+);", texts[1])
    assert far
    assert float(far[1]) <= 1e-9
    assert "8 metrics computed again: the same to six digits" in texts[1]


def test_the_declined_are_a_band_and_those_without_an_outcome_are_stood_for(
    texts: tuple[str, str], log: Settings, real: Published
) -> None:
    band = band_of(real.root / "models", applied(365, log, NOW))
    assert band["applications"] == 200
    assert band["approved"] + band["declined"] == 200
    assert band["known"] in (band["approved"], band["approved"] - 1)
    (one, two, four) = band["band"]
    assert one["bad_rate"] < two["bad_rate"] < four["bad_rate"]
    assert f"| 4 times | {four['bads']:,.1f} | {four['bad_rate']:.1%} |" in texts[1]


def test_without_a_log_it_says_so_and_the_bytes_are_the_same_each_time(real: Published, tmp_path: Path) -> None:
    first, second = real.report(tmp_path / "one.html"), real.report(tmp_path / "two.html")
    assert first == second
    for what in ("stability against live applicants", "live calibration and ranking", "alerts", "the band"):
        assert f"**Not measured: {what}: the prediction log: " in first[1]
    assert "cannot tell: the prediction log: " in first[1]


def test_a_log_without_outcomes_or_monitor_says_so(real: Published, tmp_path: Path) -> None:
    settings = Settings(database_url=SecretStr(f"sqlite:///{tmp_path / 'journal.db'}"))
    engine = connect_engine(settings.journal_url, 2.0)
    migrate(engine, tmp_path / "journal.db")
    old = NOW - timedelta(days=400)
    with engine.begin() as connection:
        connection.execute(PREDICTIONS.insert(), entry(id=id_at(old), time=old, inputs='{"age_years": 3}')._asdict())
    engine.dispose()
    found = applied(365, settings, NOW)
    assert (len(found.rows), found.why) == (1, "")
    assert band_of(real.root / "models", found)["unscored"] == 1
    assert band_of(real.root / "models", found)["says"] == NO_OUTCOME
    assert applied(500, settings, NOW).why == "the log holds no application that is 500 days old"
    text = real.report(tmp_path / "report.html", settings)[1]
    assert "stability against live applicants: no monitor has run on this log" in text
    assert "this version answered 0 applications" in text


def test_a_version_of_an_older_release_says_what_was_not_measured(tmp_path: Path) -> None:
    folder = version(tmp_path / "old", "scorecard", range(200), range(200, 400))
    told = json.loads((folder / "evaluation.json").read_text())
    metrics = {name: {"value": 0.7, "low": 0.6, "high": 0.8} for name in ("roc_auc", "ks", "brier")}
    parts = [{"origin": "package", "rows": 150, "bads": 40, "expected": 41.5, "metrics": metrics},
             {"origin": "outcomes", "rows": 50, "bads": 0, "expected": 4.0, "metrics": None}]  # fmt: skip
    (folder / "evaluation.json").write_text(json.dumps(told | {"by_origin": parts}))
    models = {path.name: path for path in folder.iterdir() if path.is_file()}
    (tmp_path / "policy.yaml").write_bytes((ROOT / "policy.yaml").read_bytes())
    published(models, Folder(tmp_path / "objects"))
    old = Published(tmp_path, Folder(tmp_path / "objects"), no_log(tmp_path))
    text = old.report(tmp_path / "report.html")[1]
    for what in ("what is missing, field by field", "the comparison of the candidates", "PSI of development against"
                 " test", "each field moved by one bin", "calibration by score band"):  # fmt: skip
        assert f"**Not measured: {what}" in text, what
        assert f" | {what}" in text, "it stands among the limits too"
    assert "above 0.1 (0.25 is much) | not measured |" in text
    assert "no commit makes this version" in text
    assert f"| the data package's own files | 150 | 40 | 41.5 |{' 0.700 (0.600 to 0.800) |' * 3}" in text
    assert "| outcomes of the log | 50 | 0 | 4.0 | \N{EN DASH} |" in text


def test_what_the_monitor_found_of_this_version_is_shown(tmp_path: Path) -> None:
    folder = version(tmp_path / "old", "scorecard", range(200), range(200, 400))
    (tmp_path / "policy.yaml").write_bytes((ROOT / "policy.yaml").read_bytes())
    published({path.name: path for path in folder.iterdir() if path.is_file()}, Folder(tmp_path / "objects"))
    settings = Settings(database_url=SecretStr(f"sqlite:///{tmp_path / 'journal.db'}"))
    engine = connect_engine(settings.journal_url, 2.0)
    migrate(engine, tmp_path / "journal.db")
    seed(engine, digest(folder / "export.json"), {"income": ["to 20", "over 20"], "job": ["a", "b"]}, now=NOW)
    with engine.begin() as connection:
        connection.execute(CHECKS.update().where(CHECKS.c.subject == "job").values(form_sha256="e" * 64))
    engine.dispose()
    text = Published(tmp_path, Folder(tmp_path / "objects"), settings).report(tmp_path / "report.html")[1]
    drifts = re.findall(r"^\| (\w+) \| 20[\d-]+ to 20[\d-]+ \| 300 \| 0\.\d{4} \| .+ \| (alarm|quiet) \|$", text, re.M)
    assert {"income", "score", "decision"} <= {name for name, _ in drifts}
    assert "job" not in dict(drifts), "it is another version's"
    assert dict(drifts)["income"] == "alarm"
    months = re.findall(r"^\| (2026-0\d) \| (mature|early|open) \| [\d,]+ \| 3,000 \|", text, re.M)
    assert len(months) == 6
    assert re.search(r"^\| 2026-08 \| open \|.* \| \N{EN DASH} \| 0\.64 \|", text, re.M), "no ratio of an open month"
    assert re.search(r"^\| drift \| income \| firing \| 2026-", text, re.M)
    assert not re.search(r"^\| drift \| decision \|", text, re.M), "it is over"


def test_a_file_that_is_not_the_published_one_stops_it(real: Published, tmp_path: Path) -> None:
    shutil.copytree(real.place.path, tmp_path / "objects")
    sha256 = read_chain(real.place).version(1).files["evaluation.json"].sha256
    (tmp_path / "objects/registry/credit-score/files" / sha256).write_text("{}")
    with pytest.raises(ChainError, match=r"evaluation\.json: refused"):
        write_report(real.root, Folder(tmp_path / "objects"), 1, tmp_path / "report.html", real.none, NOW)
    assert not (tmp_path / "report.html").exists()


def test_command_says_where_the_files_are(
    real: Published, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LASTRO_DATABASE_URL", f"sqlite:///{tmp_path / 'none.db'}")
    root = tmp_path / "project"
    shutil.copytree(real.root / ".dvc", root / ".dvc", ignore=shutil.ignore_patterns("cache", "tmp"))
    (root / "policy.yaml").write_bytes((ROOT / "policy.yaml").read_bytes())
    point_to_folder(root, real.place.path)
    settings = LineageSettings(state=tmp_path / "state", tracking_uri="")
    assert main(["report", "1"], root, settings) == 0
    paths = capsys.readouterr().out.splitlines()
    assert paths == [str(tmp_path / "state" / f"validation-1.{end}") for end in ("html", "md")]
    assert all(Path(path).stat().st_size > 10_000 for path in paths)
    assert main(["report", "9"], root, settings) == 2
    assert "there is no version 9" in capsys.readouterr().err


def test_no_version_is_said(real: Published, tmp_path: Path) -> None:
    with pytest.raises(LineageError, match="there is no version 7; there is: 1"):
        write_report(real.root, real.place, 7, tmp_path / "report.html", real.none, NOW)
