import json
from collections.abc import Callable
from pathlib import Path
from shutil import copytree

import pytest

from src.frontend import segments
from tests.frontend.conftest import Open
from tests.frontend.pages import words
from tests.frontend.service import Service


def test_page_shows_what_the_evaluation_found(open_page: Open, models: Path) -> None:
    page = open_page("model_page")
    assert not page.exception
    found = json.loads((models / "evaluation.json").read_text())
    metrics = page.table[0].value
    assert list(metrics["Value"]) == [f"{each['value']:.3f}" for each in found["metrics"].values()]
    auc = found["metrics"]["roc_auc"]
    assert metrics["Interval"][0] == f"{auc['low']:.3f} to {auc['high']:.3f}"
    confusion = page.table[1].value.set_index("Outcome")
    cells = {(cell["outcome"], cell["decision"]): cell["count"] for cell in found["curves"]["confusion"]}
    assert confusion.loc["good", "✓ Approve"] == str(cells["good", "approve"])
    assert confusion.loc["bad", "✕ Decline"] == str(cells["bad", "decline"])
    segments = page.table[2].value
    assert list(segments["Observed bads"]) == [str(each["observed"]) for each in found["segments"]]
    assert [row.count(": ") for row in segments["Segment"]] == [len(each["fields"]) for each in found["segments"]]
    assert sum(len(table.value) for table in page.table[3:]) == len(found["fairness"])
    groups = [cell for table in page.table[3:] for cell in table.value["Group"]]
    assert ["too few" in cell for cell in groups] == [group["too_few"] for group in found["fairness"]]
    assert len(page.get("vega_lite_chart")) == 4
    assert [tab.label for tab in page.tabs] == ["Quality", "Calibration", "Segments", "Fairness", "Lineage"]


def test_lineage_of_a_model_that_is_not_published_ends_with_its_data(open_page: Open, models: Path) -> None:
    md5 = json.loads((models / "model.json").read_text())["data"]["applications"]
    said = words(open_page("model_page"))
    assert f"`{md5}`" in said
    assert "files/md5" not in said
    assert "not published" in said


def test_lineage_goes_from_the_data_to_its_object_in_the_bucket(
    open_page: Open, server_with: Callable[..., Service], models: Path, tmp_path: Path
) -> None:
    published = Path(copytree(models, tmp_path / "published"))
    card = json.loads((published / "model.json").read_text())
    md5 = card["data"]["applications"]
    entry = {"name": card["name"], "version": "3", "sha256": card["sha256"], "git_commit": None, "data_md5": md5}
    entry |= {"dvc_prefix": "s3://elsewhere/below/this", "published": "2026-11-21T15:04:05+00:00"}
    (published / "registry.json").write_text(json.dumps(entry))
    server = server_with(models=published)
    form = open_page("score_page", endpoint=server.url)
    assert "Model for **German Credit \\(Statlog\\)**, version 3, published Nov 21, 2026" in words(form)
    said = words(open_page("model_page", endpoint=server.url))
    assert "`Nov 21, 2026, 3:04:05" in said
    assert f"`s3://elsewhere/below/this/files/md5/{md5[:2]}/{md5[2:]}`" in said
    assert f"`models:/{card['name']}/3`" in said


def test_metrics_and_groups_are_in_portuguese(open_page: Open) -> None:
    page = open_page("model_page", locale="pt-BR")
    assert page.table[0].value["Valor"][0].startswith("0,")
    assert "Estado civil e sexo" in words(page)


def test_deployment_without_an_evaluation_says_so_and_shows_the_rest(
    open_page: Open, server_with: Callable[..., Service], models: Path, tmp_path: Path
) -> None:
    bare = Path(copytree(models, tmp_path / "bare"))
    (bare / "evaluation.json").unlink()
    page = open_page("model_page", endpoint=server_with(models=bare).url)
    assert "`dvc repro` writes it" in page.info[0].value
    assert [tab.label for tab in page.tabs] == ["Quality", "Lineage"]
    assert "MD5 of the data" in words(page)


def test_model_without_protected_fields_and_segments_has_no_empty_tab(
    open_page: Open, server_with: Callable[..., Service], models: Path, tmp_path: Path
) -> None:
    bare = Path(copytree(models, tmp_path / "bare"))
    found = json.loads((bare / "evaluation.json").read_text())
    (bare / "evaluation.json").write_text(json.dumps(found | {"fairness": [], "segments": []}))
    page = open_page("model_page", endpoint=server_with(models=bare).url)
    assert [tab.label for tab in page.tabs] == ["Quality", "Calibration", "Lineage"]


@pytest.mark.parametrize(
    ("expected", "said"), [(5.2, "▼ 5.2, too few"), (7.0, "7.0"), (30.0, "30.0"), (30.1, "▲ 30.1, too many")]
)
def test_segment_whose_interval_leaves_out_what_was_expected_has_a_sign_and_a_word(expected: float, said: str) -> None:
    assert segments.expected({"expected": expected, "low": 7.0, "high": 30.0}) == said
