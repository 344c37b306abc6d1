"""Names and labels are the data package's alone: with others, the same model"""

import hashlib
from pathlib import Path

import pytest
import yaml

from tests.conftest import ROOT, Project
from tests.pipeline.conftest import PACKAGE, change_data, rows_of, run_stages


def other(text: object) -> str:
    """Another text that keeps nothing of `text`, not even its place in an alphabet or that it is plain letters."""
    return f"N.{hashlib.sha256(str(text).encode()).hexdigest()[:8]} (ção) =-1"


def code_of(field: dict, value: object) -> object:
    """Another code for a category's value: of the same type, so that the file holds no former one."""
    return value + 70 if isinstance(value, int) else other(f"{field['name']} {value}").partition(" ")[0]


def rename(field: dict) -> dict[str, str]:
    """Rename the field, its labels and its codes; return former code -> new one, as the file holds them."""
    codes = {c["value"]: code_of(field, c["value"]) for c in field.get("categories", [])}
    if codes:
        field["categories"] = [{"value": codes[c["value"]], "label": other(c["label"])} for c in field["categories"]]
        field["example"] = codes[field["example"]]
    if "bad" in field:
        field["bad"] = codes.get(field["bad"], field["bad"])
    field |= {"name": other(field["name"]), "title": other(field["title"]), "description": other(field["description"])}
    del field["translations"]
    return {str(former): str(new) for former, new in codes.items()}


@pytest.fixture(scope="module")
def renamed(light_run: Project, tmp_path_factory: pytest.TempPathFactory) -> Project:
    """A light run on data in which every column, code and label has another name."""
    project = light_run.copy(tmp_path_factory.mktemp("renamed") / "project")
    codes: list[dict[str, str]] = []

    def rename_all(package: dict) -> None:
        package |= {"name": "other", "title": "Other", "description": ""}
        codes.extend(rename(field) for field in package["resources"][0]["schema"]["fields"])

    before = rows_of(project)
    project.edit(PACKAGE, rename_all)
    after = [[new.get(cell, cell) for new, cell in zip(codes, row, strict=True)] for row in before]
    change_data(project, lambda rows: rows.__setitem__(slice(None), after))
    run_stages(project)
    return project


def test_metrics_are_the_same(renamed: Project, light_run: Project) -> None:
    for name in ("reports/metrics.json", "reports/candidates.json", "reports/plots/roc.json"):
        assert renamed.read(name) == light_run.read(name), name


def test_no_former_name_is_left_in_the_outputs(renamed: Project) -> None:
    fields = yaml.safe_load((ROOT / PACKAGE).read_text(encoding="utf-8"))["resources"][0]["schema"]["fields"]
    written = "".join(renamed.read(name) for name in ("models/model.json", "models/evaluation.json", "MODEL_CARD.md"))
    words = [f["name"] for f in fields if "_" in f["name"]]
    words += [c["label"] for f in fields for c in f.get("categories", []) if " " in c["label"]]
    assert [word for word in words if word in written] == []


def test_sources_name_no_field_of_the_data_set() -> None:
    fields = yaml.safe_load((ROOT / PACKAGE).read_text(encoding="utf-8"))["resources"][0]["schema"]["fields"]
    names = [f["name"] for f in fields if "_" in f["name"]]
    assert len(names) > 10
    for path in Path(ROOT / "src").rglob("*.py"):
        text = path.read_text(encoding="utf-8")
        assert [name for name in names if name in text] == [], path
