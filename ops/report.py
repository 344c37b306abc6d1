"""`python -m ops.report BASE`: a commit and the workspace -> what the model became, as Markdown (standard library only)

GitHub draws the plots in job summaries and comments: they are Mermaid charts of the files in reports/plots/.
"""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

from ops.deployment import ROOT
from ops.errors import SetupError, run

PLOTS = Path("reports") / "plots"
STEPS = 20  # of a curve's drawing

Rows = list[dict[str, Any]]


def main() -> None:
    """Print the report against the commit that the first argument names."""
    print(report(ROOT, sys.argv[1]))


def report(root: Path, base: str) -> str:
    """Return metrics and parameters against that commit, and the plots of the workspace."""
    metrics = _said(root, "dvc", "metrics", "diff", "--md", base)
    parameters = _said(root, "dvc", "params", "diff", "--md", base)
    parts = [
        f"## The model, against `{base}`",
        metrics if _has_rows(metrics) else "No metric changed.",
        parameters if _has_rows(parameters) else "No parameter changed.",
        *_plots(root, base),
    ]
    return "\n\n".join(parts)


def _plots(root: Path, base: str) -> list[str]:
    """Return the ROC of both, and score distribution and importance of the workspace."""
    roc, scores, importance = (_now(root, name) for name in ("roc", "scores", "importance"))
    before = _before(root, base, "roc")
    curves = [f"line {curve(rows)}" for rows in (roc, before) if rows]
    axes = ['x-axis "goods taken for bad" 0 --> 1', 'y-axis "bads recognised" 0 --> 1']
    title = "ROC; the second line is the former one" if before and before != roc else "ROC"
    bins = json.dumps([f"{row['score']:.0f}" for row in scores])
    goods, bads = ([row[kind] for row in scores] for kind in ("good", "bad"))
    names = json.dumps([row["feature"] for row in importance[:8]])
    losses = [max(row["loss"], 0.0) for row in importance[:8]]
    return [
        _chart(title, *axes, *curves),
        _chart("Scores: goods as bars, bads as a line", f"x-axis {bins}", f"bar {goods}", f"line {bads}"),
        _chart("ROC AUC lost when a feature is shuffled", f"x-axis {names}", f"bar {losses}"),
    ]


def curve(rows: Rows) -> list[float]:
    """Return a ROC's height at evenly spaced places: the highest that is reached up to each."""
    return [
        max(row["true_positive_rate"] for row in rows if row["false_positive_rate"] <= step / STEPS + 1e-9)
        for step in range(STEPS + 1)
    ]


def _chart(title: str, *lines: str) -> str:
    body = "\n".join(f"    {line}" for line in (f'title "{title}"', *lines))
    return f"```mermaid\nxychart-beta\n{body}\n```"


def _now(root: Path, name: str) -> Rows:
    rows: Rows = json.loads((root / PLOTS / f"{name}.json").read_text())
    return rows


def _before(root: Path, base: str, name: str) -> Rows:
    """Return the rows of that commit, none where it has no such plot."""
    command = ["git", "show", f"{base}:{(PLOTS / name).as_posix()}.json"]
    done = subprocess.run(command, cwd=root, capture_output=True, text=True, check=False)
    rows: Rows = json.loads(done.stdout) if done.returncode == 0 else []
    return rows


def _said(root: Path, *command: str) -> str:
    done = subprocess.run(command, cwd=root, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SetupError(f"`{' '.join(command)}` failed: {done.stderr.strip()}")
    return done.stdout.strip()


def _has_rows(table: str) -> bool:
    return len(table.splitlines()) > 2


if __name__ == "__main__":
    run(main)
