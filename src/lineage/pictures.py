"""reports/plots/*.json -> pictures, for MLflow's page

The plots are those of dvc.yaml; without a window or a display, so that a server can draw them.
"""

import json
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from matplotlib.axes import Axes

Rows = list[dict[str, Any]]
GOOD, BAD, QUIET = "#4c78a8", "#d1603d", "#8c8c8c"
MOST_FEATURES = 20


def names(plots: Path) -> list[str]:
    """Return the files that `draw` writes: one for each plot in the folder of which there is a picture."""
    return [f"{name}.png" for name in PICTURES if (plots / f"{name}.json").is_file()]


def draw(plots: Path, folder: Path) -> None:
    """Draw the plots into PNG files in `folder`."""
    from matplotlib import rc_context
    from matplotlib.figure import Figure

    for name in names(plots):
        plot = (plots / name).with_suffix(".json")
        with rc_context({"text.parse_math": False}):  # a feature's name may hold $
            figure = Figure(figsize=(6, 4), layout="constrained")
            PICTURES[plot.stem](figure.add_subplot(), json.loads(plot.read_text(encoding="utf-8")))
            figure.savefig(folder / name, dpi=120)


def roc(axes: "Axes", rows: Rows) -> None:
    """Draw true against false positives, beside the diagonal of a coin."""
    axes.plot([0, 1], [0, 1], "--", color=QUIET)
    axes.plot(*columns(rows, "false_positive_rate", "true_positive_rate"), color=GOOD)
    axes.set(title="ROC", xlabel="goods taken for bad", ylabel="bads recognised")


def precision_recall(axes: "Axes", rows: Rows) -> None:
    """Draw how many of those declined are bad against how many of the bad are declined."""
    axes.plot(*columns(rows, "recall", "precision"), color=GOOD)
    axes.set(title="Precision and recall", xlabel="recall", ylabel="precision", ylim=(0, 1.05))


def calibration(axes: "Axes", rows: Rows) -> None:
    """Draw what happened against what was predicted; on the diagonal both are the same."""
    axes.plot([0, 1], [0, 1], "--", color=QUIET)
    axes.plot(*columns(rows, "mean_pd", "bad_rate"), "o-", color=GOOD)
    axes.set(title="Calibration", xlabel="mean predicted probability of default", ylabel="share that defaulted")


def scores(axes: "Axes", rows: Rows) -> None:
    """Draw how many goods and bads have which score."""
    edges = [row["score"] for row in rows] + [row["to"] for row in rows[-1:]]
    for outcome, colour, line in (("good", GOOD, "-"), ("bad", BAD, "--")):
        axes.stairs([row[outcome] for row in rows], edges, color=colour, linestyle=line, label=outcome, linewidth=2)
    axes.legend(frameon=False)
    axes.set(title="Scores", xlabel="points", ylabel="applicants")


def confusion(axes: "Axes", rows: Rows) -> None:
    """Draw how many applicants have which outcome and decision, as a table of four cells."""
    outcomes, decisions = (list(dict.fromkeys(row[key] for row in rows)) for key in ("outcome", "decision"))
    count = {(row["outcome"], row["decision"]): row["count"] for row in rows}
    cells = [[count.get((outcome, decision), 0) for decision in decisions] for outcome in outcomes]
    axes.imshow(cells, cmap="Blues", vmin=0, vmax=2 * max(map(max, cells), default=0) + 1, aspect="auto")
    for row, line in enumerate(cells):
        for column, number in enumerate(line):
            axes.text(column, row, str(number), ha="center", va="center", fontsize=16)
    axes.set_xticks(range(len(decisions)), decisions)
    axes.set_yticks(range(len(outcomes)), outcomes)
    axes.set(title="Decisions at the threshold", xlabel="decision", ylabel="outcome")


def importance(axes: "Axes", rows: Rows) -> None:
    """Draw how much ROC AUC is lost when a feature is shuffled, the largest loss on top."""
    features, losses, deviations = columns(rows[:MOST_FEATURES][::-1], "feature", "loss", "std")
    axes.barh(features, losses, xerr=deviations, color=GOOD, ecolor=QUIET)
    axes.tick_params(axis="y", labelsize=7)
    axes.set(title="ROC AUC lost when a feature is shuffled", xlabel="loss")


def columns(rows: Rows, *names: str) -> list[list[Any]]:
    """Return the values of each named column."""
    return [[row[name] for row in rows] for name in names]


PICTURES: dict[str, Callable[["Axes", Rows], None]] = {
    "roc": roc,
    "precision_recall": precision_recall,
    "calibration": calibration,
    "scores": scores,
    "confusion": confusion,
    "importance": importance,
}
