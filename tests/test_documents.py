"""README.md and the other documents -> true of the tree: what they name exists, their pictures are dvc.yaml's"""

import functools
import importlib.util
import re
import shutil
import subprocess
import tomllib
from fnmatch import fnmatch
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
import yaml
from dvc.cli import parse_args

from ops import bootstrap, reproduce
from ops.deployment import parse
from ops.services import SERVICES
from src.lineage.settings import Settings as Lineage
from tests import settings_page
from tests.conftest import ROOT
from tests.documents import TEXTS, anchors, blocks, commands, links, mentions, prose, rows

ARROW = re.compile(r"-\.?->(?:\|([^|]*)\|)?")
BUILTIN = {"umask", "export"}
VARIABLE = re.compile(r"(?:LASTRO|AWS|MLFLOW|MINIO|PROMETHEUS)_[A-Z0-9_]*[A-Z0-9]\b|(?:API|PAGE)_PORT")
OF_TOOLS = {"AWS_SHARED_CREDENTIALS_FILE"}
INNER = {"LASTRO_CONFIGURATION", "LASTRO_BUILD_CREDENTIALS", "LASTRO_NEW_USER", "LASTRO_NEW_PASSWORD"}
INNER |= {"LASTRO_AIRFLOW_PASSWORD", "LASTRO_PROJECT", "LASTRO_ENVIRONMENT"}  # the last two as AIRFLOW_VAR_…
CELLS = {"docs/conventions.md"}  # what it has between backticks are cells of tables, which tests/contract tries
EVERY = [(page, words) for page in TEXTS for words in commands(page)]


@functools.cache
def pipeline() -> dict[str, Any]:
    loaded: dict[str, Any] = yaml.safe_load((ROOT / "dvc.yaml").read_text(encoding="utf-8"))
    return loaded


def paths(entries: list[Any]) -> set[str]:
    return {entry if isinstance(entry, str) else next(iter(entry)) for entry in entries}


def produced(stage: dict[str, Any]) -> set[str]:
    return paths([*stage.get("outs", []), *stage.get("metrics", []), *stage.get("plots", [])])


def stage_edges() -> dict[tuple[str, str], set[str]]:
    """Return (stage, later stage) -> the files that the first writes and the second reads."""
    stages = pipeline()["stages"]
    shared = {
        (first, later): {Path(path).name for path in produced(stages[first]) & paths(stages[later].get("deps", []))}
        for first in stages
        for later in stages
    }
    return {edge: files for edge, files in shared.items() if files}


def drawn_edges() -> dict[tuple[str, str], set[str]]:
    """Return the picture's arrows between stages -> the files that they name."""
    drawn = {}
    for line in blocks("docs/architecture.md", "mermaid")[0].text.splitlines():
        parts = ARROW.split(line)  # node, label, node, label, ... node
        nodes = [re.findall(r"\w+", node)[0] for node in parts[::2]]
        for edge, label in zip(pairwise(nodes), parts[1::2], strict=True):
            if set(edge) <= set(pipeline()["stages"]):
                drawn[edge] = set((label or "").split(", "))
    return drawn


@functools.cache
def known_paths() -> set[str]:
    """Return the tree's files that Git has or could have, and what stages make."""
    made = {path for stage in pipeline()["stages"].values() for path in produced(stage)}
    return made | set(git("ls-files", "--cached", "--others", "--exclude-standard").stdout.split())


def git(*words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(["git", *words], cwd=ROOT, check=False, capture_output=True, text=True)


def is_parameter(name: str) -> bool:
    found: Any = yaml.safe_load((ROOT / "params.yaml").read_text(encoding="utf-8"))
    for key in name.split("."):
        if not isinstance(found, dict) or key not in found:
            return False
        found = found[key]
    return True


def is_path(name: str) -> bool:
    """Whether `name` is a file, a folder, a pattern or a bare file name of the tree, or is told to Git as ignored."""
    patterns = (name, f"{name.rstrip('/')}/*", f"*/{name}")
    known = any(fnmatch(path, pattern) for path in known_paths() for pattern in patterns)
    return known or git("check-ignore", "-q", name).returncode == 0


def has_target(name: str) -> bool:
    return re.search(rf"^{name}:", (ROOT / "Makefile").read_text(encoding="utf-8"), flags=re.MULTILINE) is not None


def knows(module: str, words: list[str]) -> bool:
    """Say whether each option and command of a module of ours, or of a room, stands in its source."""
    place = module.replace(".", "/")
    source = sources(place) if (ROOT / place).is_dir() else (ROOT / f"{place}.py").read_text(encoding="utf-8")
    said = [word.partition("=")[0] for word in words if word.islower()]
    return all(f'"{word}"' in source for word in said)


def defines(address: str) -> bool:
    """Say whether a module of ours has what `module:name` means."""
    module, _, name = address.partition(":")
    source = (ROOT / f"{module.replace('.', '/')}.py").read_text(encoding="utf-8")
    return re.search(rf"^(?:def|class) {name}\b", source, flags=re.MULTILINE) is not None


def is_service(name: str) -> bool:
    """Whether compose.yaml has a service of this name."""
    return name in yaml.safe_load((ROOT / "compose.yaml").read_text(encoding="utf-8"))["services"]


def profiles() -> set[str]:
    """Return the profiles of compose.yaml."""
    services = yaml.safe_load((ROOT / "compose.yaml").read_text(encoding="utf-8"))["services"].values()
    return {profile for service in services for profile in service.get("profiles", [])}


def sources(*folders: str) -> str:
    """Return the text of all Python of ours in these folders."""
    return "\n".join(path.read_text(encoding="utf-8") for folder in folders for path in (ROOT / folder).rglob("*.py"))


def test_picture_shows_the_stages_and_files_of_dvc_yaml() -> None:
    assert drawn_edges() == stage_edges()


def test_small_picture_names_the_stages_in_their_order() -> None:
    (picture,) = blocks("README.md", "mermaid")
    assert re.findall(r"\w+", picture.text.partition("DVC: ")[2].partition('"')[0].replace("<br/>", "")) == [
        *pipeline()["stages"]
    ]


@pytest.mark.parametrize(("page", "words"), EVERY, ids=lambda each: each if isinstance(each, str) else " ".join(each))
def test_command_exists(page: str, words: list[str]) -> None:
    match words:
        case ["make", target, *_]:
            assert has_target(target)
        case ["dvc", *rest]:
            parse_args(rest)  # exits on an unknown command or option
        case ["python", "-m", module, *rest]:
            assert importlib.util.find_spec(module) is not None
            assert not module.startswith(("src.", "ops.")) or knows(module, rest)
        case ["uvicorn", *rest]:
            assert all(defines(word) for word in rest if ":" in word)
        case [".", file]:
            assert (ROOT / file).is_file()
        case ["docker", "compose", "exec", "-T", service, *_] | ["docker", "compose", "stop" | "start", service]:
            assert is_service(service)
        case ["docker", "compose", "--profile", profile, *_]:
            assert profile in profiles()
        case ["docker", "compose", "run", "--rm", service, *_] if page == "docs/airflow.md":
            assert is_service(service)
        case ["docker" | "devcontainer", *_]:
            assert page == "docs/operations.md"  # whose containers `make test-containers` builds and uses
        case [program, *_]:
            assert program in BUILTIN or shutil.which(program)


@pytest.mark.parametrize("words", [words for _, words in EVERY if "-S" in words], ids=" ".join)
def test_parameter_on_a_command_line_exists(words: list[str]) -> None:
    for before, word in pairwise(words):
        assert before != "-S" or is_parameter(word.split("=")[0]), word


@pytest.mark.parametrize("page", sorted({*TEXTS} - CELLS))
def test_what_the_text_names_exists(page: str) -> None:
    made = {name for block in blocks(page, "sh") for name in re.findall(r"> (\S+)", block.text)}
    for name in {*mentions(page)} - made:
        words = name.split()
        if words[0] == "make" and len(words) > 1:
            assert has_target(words[1]), name
        elif words[0] == "dvc":
            parse_args(words[1:])
        elif words[:2] == ["python", "-m"]:
            assert importlib.util.find_spec(words[2]) is not None, name
        elif re.fullmatch(r"[\w.*/{}-]+", name) and re.search(r"[/.]", name) and not name.startswith("/"):
            assert is_path(name) or is_parameter(name) or is_value(name), name


def is_value(name: str) -> bool:
    """Whether it is something else that has a stop or a slash: a sign, an address, a rate, what is made elsewhere."""
    known = (
        r"\.|127\.0\.0\.1|[\d.]+/\d+|0\.\d+|\d+/minute|application/json|serving\.json|model\.version"
        r"|\.venv-airflow|manifest\.json|_run\.json|_parts/|rejected/|archive/predictions/|(bronze|silver|gold)\.\w+"
    )
    return re.fullmatch(known, name) is not None


@pytest.mark.parametrize("page", TEXTS)
def test_link_leads_to_a_file_and_a_heading(page: str) -> None:
    for link in links(page):
        path, _, anchor = link.partition("#")
        target = (ROOT / page).parent / path if path else ROOT / page
        assert target.is_file(), link
        assert not anchor or anchor in anchors(str(target.resolve().relative_to(ROOT))), link


def test_every_document_can_be_reached_from_the_readme() -> None:
    assert {*TEXTS} - {"README.md"} <= set(links("README.md"))


@pytest.mark.parametrize("page", TEXTS)
def test_variable_exists(page: str) -> None:
    known = set(VARIABLE.findall(TEXTS["docs/settings.md"])) | OF_TOOLS
    assert {name for name in VARIABLE.findall(TEXTS[page]) if name not in known} == set()


def test_settings_are_those_of_the_code() -> None:
    text = TEXTS["docs/settings.md"]
    written = text.partition(settings_page.BEGIN)[2].partition(settings_page.END)[0]
    assert written == settings_page.tables(), "`python -m tests.settings_page` writes docs/settings.md anew"


def test_every_variable_that_is_read_is_a_setting() -> None:
    read = {str(field.validation_alias) for field in Lineage.model_fields.values()} | set(parse(ROOT / ".env.example"))
    read |= {name for name in VARIABLE.findall(sources("src", "ops")) if name.startswith("LASTRO_")}
    told = TEXTS["docs/settings.md"]
    assert {name for name in read - INNER if not re.search(rf"`{name}`", told)} <= set()


def test_folders_of_the_table_are_those_in_git() -> None:
    files = [path for path in git("ls-files").stdout.split() if "/" in path and "/." not in f"/{path}"]
    rooms = {"/".join(path.split("/")[:2]) for path in files if re.match(r"src/\w+/|data/\w+/", path)}
    folders = {path.split("/")[0] for path in files} - {"src", "data"}
    assert {row[0].strip("`/") for row in rows("docs/architecture.md", "folder")} == folders | rooms


def test_decisions_are_in_the_order_of_their_dates() -> None:
    dates = [row[0] for row in rows("docs/architecture.md", "date")]
    assert dates == sorted(dates)
    assert all(re.fullmatch(r"\d{4}-\d\d-\d\d", date) for date in dates)


def test_services_of_the_runbook_are_those_that_run() -> None:
    named = [row[0].lower() for row in rows("docs/operations.md", "service")]
    assert named == [service.name for service in SERVICES]


def test_images_of_the_runbook_are_the_dockerfiles_last_stages() -> None:
    text = (ROOT / "Dockerfile").read_text(encoding="utf-8")
    stages = re.findall(r"^FROM \S+ AS (\S+)", text, flags=re.MULTILINE)
    assert {row[0].strip("`") for row in rows("docs/operations.md", "target")} <= set(stages)


def test_words_of_the_runbook_are_those_that_are_said() -> None:
    said = re.sub(r'"\s+f?"', "", sources("src", "ops"))
    for seen, *_ in rows("docs/operations.md", "what you see"):
        for quoted in re.findall(r'"([^"]+)"', seen):
            assert all(part.strip() in said for part in quoted.split("…")), quoted


def test_pythons_are_those_that_are_tried() -> None:
    first, last = (".".join(map(str, version)) for version in (bootstrap.OLDEST, bootstrap.NEWEST))
    assert f"Needed: Python {first} to {last} " in TEXTS["README.md"]
    for page in ("README.md", "docs/architecture.md"):
        shown = re.findall(r"Python\s+(3\.\d+)\s+to\s+(3\.\d+)", prose(page))
        assert set(shown) <= {(first, last), (reproduce.PYTHONS[0], reproduce.PYTHONS[-1])}
        assert (reproduce.PYTHONS[0], reproduce.PYTHONS[-1]) in shown


def test_version_is_the_changelogs_newest() -> None:
    text = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    version = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["version"]
    assert re.findall(r"^## \[(\d[^]]*)\] - \d{4}-\d\d-\d\d$", text, flags=re.MULTILINE)[0] == version


def test_readme_is_a_page() -> None:
    assert len(TEXTS["README.md"].splitlines()) <= 110


def test_tables_are_written_into_the_page(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "docs").mkdir()
    shutil.copy(ROOT / ".env.example", tmp_path)
    (tmp_path / settings_page.PAGE).write_text(f"before\n{settings_page.BEGIN}old\n{settings_page.END}after\n")
    monkeypatch.setattr(settings_page, "ROOT", tmp_path)
    settings_page.main()
    text = (tmp_path / settings_page.PAGE).read_text()
    assert text == f"before\n{settings_page.BEGIN}{settings_page.tables()}{settings_page.END}after\n"
