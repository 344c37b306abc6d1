"""DVC's commands on this pipeline, as docs/tutorial.md tells people to use them"""

import json
import re
from pathlib import Path

import pytest
import yaml

from src.model.metrics import GREATER_IS_BETTER
from tests.conftest import Project
from tests.documents import blocks, commands
from tests.pipeline.conftest import outputs

TUTORIAL = "docs/tutorial.md"
COMMIT = "-c user.name=t -c user.email=t@example.org commit -qam"
WIDE = "400"  # columns of a terminal in which nothing is cut off


def written(start: str) -> list[str]:
    """The tutorial's one command that begins so."""
    (command,) = [words for words in commands(TUTORIAL) if " ".join(words).startswith(start)]
    return command


@pytest.fixture(scope="module")
def experiment(light_run: Project, tmp_path_factory: pytest.TempPathFactory) -> Project:
    """A committed light run, and an experiment with another rule and more folds in its workspace, unwatched."""
    project = light_run.copy(tmp_path_factory.mktemp("experiment") / "project")
    source = project.root / "src/pipeline/train.py"
    source.write_text(re.sub(r"^WATCHED_ROWS = \d+(_\d+)*", "WATCHED_ROWS = 0", source.read_text(), flags=re.M))
    project.run("git", *COMMIT.split(), "light")
    project.run(*written("dvc exp run -S train.folds"))
    return project


def test_second_repro_has_nothing_to_do(light_run: Project, tmp_path: Path) -> None:
    project = light_run.copy(tmp_path / "project")
    before = outputs(project)
    said = project.run("dvc", "repro").stdout
    assert "Data and pipelines are up to date." in said
    assert "Running stage" not in said
    assert outputs(project) == before
    assert "Data and pipelines are up to date." in project.run("dvc", "status").stdout


def test_lost_output_comes_back_from_the_cache(light_run: Project, tmp_path: Path) -> None:
    project = light_run.copy(tmp_path / "project")
    before = outputs(project)
    for name in ("models/model.pkl", "data/processed/train.parquet"):
        (project.root / name).unlink()
    project.run("dvc", "checkout")
    assert outputs(project) == before


def test_experiment_trains_with_its_parameters_and_leaves_the_data(experiment: Project, light_run: Project) -> None:
    params = yaml.safe_load(experiment.read("params.yaml"))["train"]
    assert (params["folds"], params["rule"]) == (3, "one_standard_error")
    found = json.loads(experiment.read("reports/candidates.json"))
    assert found["rule"] == "one_standard_error"
    before, after = outputs(light_run), outputs(experiment)
    data = [name for name in before if name.startswith("data/")]
    assert {name: after[name] for name in data} == {name: before[name] for name in data}
    assert after["reports/candidates.json"] != before["reports/candidates.json"]


def test_params_diff_names_what_the_experiment_changed(experiment: Project) -> None:
    said = json.loads(experiment.run("dvc", "params", "diff", "--json").stdout)
    assert said == {
        "params.yaml": {
            "train.folds": {"old": 2, "new": 3, "diff": 1},
            "train.rule": {"old": "best", "new": "one_standard_error"},
        }
    }


def test_metrics_diff_compares_the_test_split_with_the_commit(experiment: Project) -> None:
    said = json.loads(experiment.run("dvc", "metrics", "diff", "--all", "--json").stdout)
    changes = said["reports/metrics.json"]
    now = json.loads(experiment.read("reports/metrics.json"))
    assert changes["roc_auc"]["new"] == now["roc_auc"]
    assert list(now) == list(GREATER_IS_BETTER)
    assert set(changes) == set(now)


def test_metrics_fit_a_terminal_of_120_columns(experiment: Project) -> None:
    said = experiment.run("dvc", "metrics", "show").stdout.rstrip().splitlines()
    assert sorted(said[0].split()) == sorted(["Path", *GREATER_IS_BETTER])
    assert max(map(len, said)) <= 120


def test_experiments_fit_a_terminal_of_120_columns_with_the_parameters_that_changed(experiment: Project) -> None:
    said = experiment.run(*written("dvc exp show"), "--no-pager", COLUMNS=WIDE).stdout
    assert "…" not in said
    assert max(map(len, said.splitlines())) <= 120
    head = next(line.split() for line in said.splitlines() if "Experiment" in line)
    assert head == ["Experiment", "roc_auc", "brier", "ece", "expected_cost", "train.folds", "train.rule"]


def test_plots_show_draws_every_declared_plot(experiment: Project) -> None:
    experiment.run("dvc", "plots", "show", "--out", "dvc_plots")
    page = experiment.read("dvc_plots/index.html")
    declared = [name for plot in yaml.safe_load(experiment.read("dvc.yaml"))["plots"] for name in plot]
    assert len(declared) == 6
    drawn = json.loads(experiment.run("dvc", "plots", "show", "--json").stdout)["data"]
    assert set(drawn) == set(declared)
    for name in declared:
        assert drawn[name], name
        assert f"vegaEmbed('#{name.replace(' ', '_')}'" in page, name


def test_dag_is_the_readmes_flow(light_run: Project) -> None:
    graph = light_run.run("dvc", "dag", "--mermaid").stdout
    numbers = {line.split('["')[1][:-2]: line.split("[")[0].strip() for line in graph.splitlines() if '["' in line}
    assert set(numbers) == {"ingest", "prepare", "train", "export", "evaluate"}
    edges = {tuple(line.strip().split("-->")) for line in graph.splitlines() if "-->" in line}
    names = {number: name for name, number in numbers.items()}
    assert {(names[a], names[b]) for a, b in edges} == {
        ("ingest", "prepare"),
        ("ingest", "train"),
        ("prepare", "train"),
        ("prepare", "evaluate"),
        ("ingest", "evaluate"),
        ("ingest", "export"),
        ("train", "export"),
        ("train", "evaluate"),
        ("export", "evaluate"),
    }


def test_model_is_declared_as_an_artifact(light_run: Project) -> None:
    (artifact,) = yaml.safe_load(light_run.read("dvc.yaml"))["artifacts"].values()
    assert (artifact["path"], artifact["type"]) == ("models/model.pkl", "model")
    assert artifact["desc"]
    assert artifact["labels"]


def test_tutorials_plots_are_drawn_over_those_of_the_commit(experiment: Project) -> None:
    drawn = json.loads(experiment.run(*written("dvc plots diff"), "--json").stdout)["data"]
    assert {revision for each in drawn["ROC"] for revision in each["revisions"]} == {"HEAD", "workspace"}


@pytest.mark.parametrize("word", ["git commit", "git restore"])
def test_experiment_is_kept_or_dropped_as_the_tutorial_says(
    experiment: Project, light_run: Project, tmp_path: Path, word: str
) -> None:
    project = experiment.copy(tmp_path / "project")
    (block,) = [block.text for block in blocks(TUTORIAL, "sh") if word in block.text]
    author = {f"GIT_{who}_{what}": "t" for who in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")}
    project.run("sh", "-euc", block.replace("dvc push\n", ""), **author)  # tests/lineage pushes
    assert project.run("git", "status", "--porcelain").stdout == ""
    assert outputs(project) == outputs(experiment if word == "git commit" else light_run)
