"""The house keeps its shape: who may import whom, one door each, and dvc.yaml knows what each stage is made of."""

import ast
import functools
import re
import subprocess
import sys
from pathlib import Path
from typing import TypeGuard

import pytest
import yaml

from tests.conftest import ROOT

SOURCES = sorted(path for path in (ROOT / "src").rglob("*.py") if path.name != "__init__.py")
BASE = {"src.command_line", "src.errors", "src.files", "src.git"}
MAY_IMPORT = {  # a room or module -> the rooms and modules it may import; all may import themselves and BASE
    "src.errors": set(),
    "src.files": {"src.errors"},
    "src.git": set(),
    "src.command_line": {"src.errors"},
    "src.contract": set(),
    "src.params": {"src.contract"},
    "src.document": set(),
    "src.model": {"src.contract", "src.params"},
    "src.serving": {"src.model.artifact", "src.model.card", "src.model.points"},
    "src.compile": {"src.serving", "src.model", "src.contract", "src.params"},
    "src.journal": {"src.model.points"},
    "src.journal.__main__": {"src.forgetting"},
    "src.feature_store": {
        "src.journal.settings",
        "src.journal.database",
        "src.serving",
        "src.model",
        "src.contract",
        "src.params",
    },
    "src.lineage": {"src.document", "src.journal", "src.serving", "src.model", "src.contract", "src.params"},
    "src.lineage.replay": {"src.lineage", "src.journal", "src.batch"},  # an entry: nobody imports it
    "src.api": {"src.feature_store", "src.journal", "src.serving", "src.model", "src.contract", "src.params"},
    "src.lake": {"src.lineage", "src.journal", "src.model", "src.contract", "src.params"},
    "src.monitoring": {
        "src.document",
        "src.journal",
        "src.serving",
        "src.model",
        "src.contract",
        "src.params",
        "src.lineage.policy",
        "src.batch.answers",
    },
    "src.batch": {"src.journal", "src.lineage", "src.serving", "src.model", "src.contract", "src.params"},
    "src.year": {
        "src.api",
        "src.monitoring",
        "src.journal",
        "src.serving",
        "src.model",
        "src.contract",
        "src.lineage.policy",
    },
    "src.forgetting": {
        "src.lake",
        "src.feature_store.forget",
        "src.journal",
        "src.lineage",
        "src.contract",
        "src.params",
    },
    "src.frontend": set(),
    "src.pipeline.refresh": {
        "src.journal",
        "src.model",
        "src.contract",
        "src.params",
        "src.lineage.policy",
        "src.batch.matured",
        "src.lineage.storage",
    },
    "src.pipeline": {"src.compile", "src.serving", "src.model", "src.contract", "src.params", "src.lineage.tracking"},
}
PICKLED = [
    "src.model.features",
    "src.model.binning",
    "src.model.additive",
    "src.model.r.classifier",
]  # whose classes a model.pkl holds
APART = {"src.frontend"}  # imports nothing of ours but itself
DOORS = {  # what only one module, or one room, may name
    "mlflow": {"src.lineage.mlflow_backend"},
    "boto3": {"src.lineage.storage"},
    "minio": {"src.lineage.minio_keys"},
    "matplotlib": {"src.lineage.pictures"},
    "pickle": {"src.model.artifact"},
    "pandera": {"src.contract.table"},
    "ruamel": {"src.contract.amended"},
    "optuna": {"src.model.search"},
    "dask": {"src.batch.cluster"},
    "distributed": {"src.batch.cluster"},
    "slowapi": {"src.api.limits"},
    "jwt": {"src.api.tokens"},
    "xlsxwriter": {"src.serving.scorecard"},
    "streamlit": {"src.frontend"},
    "babel": {"src.frontend"},
    "pyiceberg": {"src.lake"},
    "duckdb": {"src.lake"},
    "openlineage": {"src.lake.openlineage"},
}


def name_of(path: Path) -> str:
    return ".".join(path.relative_to(ROOT).with_suffix("").parts)


@functools.cache
def imports_of(path: Path) -> set[str]:
    """Every module that the file names, at any depth of its code."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: a relative import"
            found |= {
                f"{node.module}.{alias.name}" if is_module(f"{node.module}.{alias.name}") else str(node.module)
                for alias in node.names
            }
        elif isinstance(node, ast.Constant) and is_class_by_name(node.value):
            found.add(node.value.partition(":")[0])
    return found


def is_class_by_name(value: object) -> TypeGuard[str]:
    """Say whether a constant is `package.module:Class`, as the table of candidate kinds names what it fits."""
    return isinstance(value, str) and re.fullmatch(r"[a-z_]\w*(\.\w+)+:[A-Z]\w+", value) is not None


def is_module(name: str) -> bool:
    return (ROOT / name.replace(".", "/")).with_suffix(".py").is_file()


def closure(path: Path, unpickles: bool = True) -> set[Path]:
    """The file and all of ours that running it imports, with the modules of a pickled model where it loads one."""
    found, waiting = set(), [path]
    while waiting:
        current = waiting.pop()
        if current not in found:
            found.add(current)
            ours = [name for name in imports_of(current) if name.startswith("src.")]
            ours += PICKLED if unpickles and name_of(current) == "src.model.artifact" else []
            waiting += [(ROOT / name.replace(".", "/")).with_suffix(".py") for name in ours]
            found |= programs_of(current)
    return found


@functools.cache
def programs_of(path: Path) -> set[Path]:
    """Programs in R beside the file that it names."""
    nodes = ast.walk(ast.parse(path.read_text(encoding="utf-8")))
    words = {node.value for node in nodes if isinstance(node, ast.Constant) and isinstance(node.value, str)}
    return {path.parent / word for word in words if word.endswith(".R") and (path.parent / word).is_file()}


def room_of(name: str) -> str:
    return name if name in MAY_IMPORT else ".".join(name.split(".")[:2])


@pytest.mark.parametrize("path", SOURCES, ids=name_of)
def test_module_imports_only_rooms_that_it_may(path: Path) -> None:
    room = room_of(name_of(path))
    allowed = MAY_IMPORT[room] | {room} | (set() if room in APART else BASE)
    for name in imports_of(path):
        if name.startswith("src."):
            assert name in allowed or room_of(name) in allowed, f"{name_of(path)} may not import {name}"


def test_nothing_imports_the_page() -> None:
    others = [path for path in SOURCES if room_of(name_of(path)) != "src.frontend"]
    assert not {name_of(path) for path in others if any(n.startswith("src.frontend") for n in imports_of(path))}


def test_no_stage_imports_another() -> None:
    for path in (ROOT / "src/pipeline").glob("*.py"):
        assert not {name for name in imports_of(path) if name.startswith("src.pipeline")}, path


@pytest.mark.parametrize("library", DOORS)
def test_library_has_one_door(library: str) -> None:
    users = {name_of(path) for path in SOURCES if any(n.split(".")[0] == library for n in imports_of(path))}
    assert {user for user in users if not {user, room_of(user)} & DOORS[library]} == set()


def test_only_one_module_starts_r_and_none_opens_what_it_saves() -> None:
    texts = {name_of(path): path.read_text() for path in SOURCES}
    assert {name for name, text in texts.items() if "Rscript" in text} == {"src.model.r.session"}
    assert {name for name, text in texts.items() if "rpy2" in text or "pyreadr" in text} == set()


def test_only_settings_read_the_environment() -> None:
    readers = {name_of(path) for path in SOURCES if "os.environ" in path.read_text() or "os.getenv" in path.read_text()}
    assert {name for name in readers if not name.endswith(".settings")} == set()


def test_only_params_reads_params_yaml() -> None:
    may = {"src.files", "src.contract.traps"}  # the second opens no file: it looks at the words of one that was read
    assert {name_of(path) for path in SOURCES if "yaml" in imports_of(path)} <= may
    assert all("safe_load" not in path.read_text() for path in SOURCES if name_of(path) not in may)


def test_package_files_are_empty_so_that_no_stage_depends_on_them() -> None:
    assert [path for path in (ROOT / "src").rglob("__init__.py") if path.read_bytes()] == []


def test_stage_deps_are_its_import_closure() -> None:
    stages = yaml.safe_load((ROOT / "dvc.yaml").read_text())["stages"]
    assert list(stages) == ["ingest", "prepare", "train", "export", "evaluate"]
    for name, stage in stages.items():
        declared = sorted(dep for dep in stage["deps"] if dep.startswith("src/"))  # a list: a dep named twice is found
        needed = sorted(str(path.relative_to(ROOT)) for path in closure(ROOT / f"src/pipeline/{name}.py"))
        assert declared == needed, name
        assert stage["cmd"] == f"python -m src.pipeline.{name}"


def test_every_output_persists() -> None:
    stages = yaml.safe_load((ROOT / "dvc.yaml").read_text())["stages"]
    for name, stage in stages.items():
        for out in stage["outs"] + stage.get("metrics", []):
            assert next(iter(out.values()))["persist"] is True, (name, out)


def test_importing_every_module_does_nothing(tmp_path: Path) -> None:
    code = "import importlib, sys; sys.path.insert(0, sys.argv[1]); [importlib.import_module(m) for m in sys.argv[2:]]"
    command = [sys.executable, "-I", "-c", code, str(ROOT), *map(name_of, SOURCES)]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert list(tmp_path.iterdir()) == []


def test_only_definitions_at_module_level() -> None:
    kept = (ast.Import, ast.ImportFrom, ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Assign, ast.AnnAssign)
    for path in SOURCES:
        for node in ast.parse(path.read_text(encoding="utf-8")).body:
            text = isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
            guard = isinstance(node, ast.If) and ast.unparse(node.test) in ("__name__ == '__main__'", "TYPE_CHECKING")
            assert text or guard or isinstance(node, kept), f"{path}:{node.lineno}"


NO_VERBS = (
    "a all an at each every for from how if in is it its no nothing one that the these this what when where who why"
)


def test_docstring_of_a_function_is_a_sentence_that_stands_alone() -> None:
    """It begins with what the function does, and ends as sentences end."""
    paths = [*SOURCES, *sorted((ROOT / "ops").glob("*.py"))]
    nodes = [(path, node) for path in paths for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))]
    functions = [(path, node) for path, node in nodes if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)]
    texts = [
        (f"{path}:{node.lineno}", text.splitlines()[0]) for path, node in functions if (text := ast.get_docstring(node))
    ]
    assert len(texts) > 600
    assert [where for where, text in texts if text.split()[0].lower() in NO_VERBS.split()] == []
    assert [where for where, text in texts if not text[0].isupper() or not text.endswith((".", ":", "`", ")"))] == []
