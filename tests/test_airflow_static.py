"""What can be said of Airflow's files without Airflow: the stages of dvc.yaml in its order, a lock with hashes"""

import ast
import re
from pathlib import Path

import pytest
import yaml

from tests.conftest import ROOT

FOLDER = ROOT / "deploy" / "airflow"
DAGS = sorted((FOLDER / "dags").glob("*.py"))
ORDER = {  # the tasks of a DAG in their order
    "lastro_training": ["push", "publish", "gates"],  # after those of dvc.yaml
    "lastro_monitoring": ["run"],
    "lastro_batch": ["parts", "score", "manifest"],
}


def named(tree: ast.Module) -> list[str]:
    """The names of the tasks that a file makes, in their order in the file."""
    calls = [node for node in ast.walk(tree) if isinstance(node, ast.Call)]
    words = [(call.lineno, call.col_offset, word) for call in calls if (word := task_of(call))]
    return [word for _, _, word in sorted(words)]


def task_of(call: ast.Call) -> str | None:
    """The name of the task that a call makes."""
    said = next((keyword.value for keyword in call.keywords if keyword.arg == "task_id"), None)
    if isinstance(call.func, ast.Name) and call.func.id == "task":
        said = call.args[0]
    return said.value if isinstance(said, ast.Constant) and isinstance(said.value, str) else None


@pytest.mark.parametrize("name", ORDER)
def test_tasks_are_those_that_are_promised(name: str) -> None:
    path = FOLDER / "dags" / f"{name}.py"
    assert named(ast.parse(path.read_text(encoding="utf-8"))) == ORDER[name]


def test_training_begins_with_the_stages_of_dvc_yaml_in_its_order() -> None:
    tree = ast.parse((FOLDER / "dags" / "lastro_training.py").read_text(encoding="utf-8"))
    constants = {ast.unparse(node.targets[0]): node.value for node in tree.body if isinstance(node, ast.Assign)}
    stages = list(yaml.safe_load((ROOT / "dvc.yaml").read_text(encoding="utf-8"))["stages"])
    assert list(ast.literal_eval(constants["STAGES"])) == stages
    (chained,) = [node for node in ast.walk(tree) if isinstance(node, ast.Call) and ast.unparse(node.func) == "chain"]
    first, *rest = chained.args
    assert ast.unparse(first) == "*(task(stage, f'dvc repro --single-item {stage}') for stage in STAGES)"
    assert [task_of(each) for each in rest if isinstance(each, ast.Call)] == ORDER["lastro_training"]


@pytest.mark.parametrize("path", DAGS, ids=lambda path: path.name)
def test_file_imports_airflow_and_nothing_of_the_project(path: Path) -> None:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    nodes = [node for node in ast.walk(tree) if isinstance(node, ast.Import | ast.ImportFrom)]
    modules = {node.module or "" if isinstance(node, ast.ImportFrom) else node.names[0].name for node in nodes}
    rooms = {module.partition(".")[0] for module in modules}
    assert rooms <= {"airflow", "lastro_project", "collections", "datetime", "json", "pathlib", "shlex", "subprocess",
                     "typing"}  # fmt: skip


@pytest.mark.parametrize("name", ORDER)
def test_airflow_finds_the_file(name: str) -> None:
    """Its safe mode reads only files with both words."""
    text = (FOLDER / "dags" / f"{name}.py").read_text(encoding="utf-8").lower()
    assert "dag" in text
    assert "airflow" in text
    assert name not in (FOLDER / "dags" / ".airflowignore").read_text()


def test_every_locked_package_has_hashes() -> None:
    text = (FOLDER / "requirements.txt").read_text(encoding="utf-8")
    blocks = re.split(r"^(?=[a-z0-9._-]+==)", text, flags=re.M)[1:]
    assert "apache-airflow" in {block.partition("==")[0] for block in blocks}
    assert [block.splitlines()[0] for block in blocks if "--hash=sha256:" not in block] == []
