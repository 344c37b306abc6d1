import json

import pytest

from ops import report
from ops.errors import SetupError
from tests.conftest import Project


def test_unchanged_model_is_said_to_be_so_and_drawn(project: Project) -> None:
    said = report.report(project.root, "HEAD")
    assert "No metric changed." in said
    assert "No parameter changed." in said
    assert said.count("```mermaid\nxychart-beta\n") == 3
    assert 'title "ROC"' in said


def test_changed_metric_parameter_and_curve_are_shown_beside_the_former(project: Project) -> None:
    metrics, roc = (project.root / "reports" / name for name in ("metrics.json", "plots/roc.json"))
    changed = json.loads(metrics.read_text())
    changed["roc_auc"] = 0.5
    metrics.write_text(json.dumps(changed))
    points = [{"false_positive_rate": x, "true_positive_rate": x} for x in (0.0, 1.0)]
    roc.write_text(json.dumps(points))
    project.edit("params.yaml", lambda params: params["train"].update(folds=3))
    said = report.report(project.root, "HEAD")
    assert "| reports/metrics.json | roc_auc |" in " ".join(said.split())
    assert "train.folds" in said
    assert "the second line is the former one" in said
    assert said.count("\n    line [") == 3


def test_curve_is_the_highest_reached_at_each_place() -> None:
    points = ((0.0, 0.0), (0.0, 0.4), (0.5, 0.8), (1.0, 1.0))
    rows = [{"false_positive_rate": x, "true_positive_rate": y} for x, y in points]
    drawn = report.curve(rows)
    assert (len(drawn), drawn[0], drawn[9], drawn[10], drawn[-1]) == (21, 0.4, 0.4, 0.8, 1)


def test_unknown_commit_is_a_sentence(project: Project) -> None:
    with pytest.raises(SetupError, match="dvc metrics diff --md nowhere` failed"):
        report.report(project.root, "nowhere")
