"""Logged predictions computed again from Git and DVC's objects alone, and what is said where they cannot be"""

import json
import shutil
import sqlite3
from collections.abc import Callable, Mapping
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import md5
from pathlib import Path
from typing import Any

import pytest

from src.files import sha256_of
from src.git import head
from src.journal.reader import Reader
from src.journal.tables import Entry
from src.lineage import replay
from src.lineage.chain import append, keep, read_chain
from src.lineage.commits import History
from src.lineage.events import StoredFile
from src.lineage.folder import Folder
from src.lineage.rerun import Workshop
from src.lineage.trials import NO_CODE, OLD, UNCOMMITTED, Trials
from src.lineage.verdicts import Outcome, exit_code
from tests.conftest import Project
from tests.lineage.conftest import COMMIT, commit, point_to_folder

NOBODYS = "01a1feee-f0f8-7f39-8c3b-d01b1fe5202f"
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
ROWS = 17  # of each version, one of them with reasons though approved
ANSWER = """
import json
from starlette.testclient import TestClient
from src.api.main import create_app
from src.api.settings import Settings
from src.model.card import read_card
from tests.api.live import DIGESTS, HEADERS

settings = Settings(_env_file=None, api_keys=DIGESTS, rate_limit="100000/minute", log_level="ERROR")
features = read_card(settings.models / "model.json").features
example = {feature.name: feature.example for feature in features}
others = [example | {one.name: label} for one in features for label in one.categories or ()]
with TestClient(create_app(settings)) as client:
    def ask(path, body):
        return client.post(path, json=body, headers=HEADERS).raise_for_status().json()
    made = ask("/predict/batch", {"applicants": others})["predictions"]
    approved = next(one for one, answer in zip(others, made) if answer["decision"] == "approve")
    ask("/predict?reasons=true", approved)
"""
Edit = Callable[[sqlite3.Connection, str], object]


@dataclass
class Past:
    """A project with two committed versions, what it pushed, and the log of the answers of both."""

    project: Project
    objects: Path
    commits: list[str]
    older: str  # a commit whose code has no entry for replay

    @property
    def log(self) -> Path:
        return self.project.root / "var" / "api" / "journal.db"

    def outcomes(self, log: Path, remote: Path | None = None) -> dict[str, Outcome]:
        """Replay a log with this project's history, with another place of DVC's objects perhaps."""
        point_to_folder(self.project.root, remote or self.objects)
        root = self.project.root
        with Reader(f"sqlite:///{log}", 2.0) as reader, Workshop(root, History(root)) as workshop:
            (entries,) = reader.since(EPOCH)
            services = reader.services(entry.service_id for entry in entries if entry.service_id)
            found = Trials(workshop).outcomes(entries, services)
        point_to_folder(self.project.root, self.objects)
        return {entry.id: outcome for entry, outcome in zip(entries, found, strict=True)}

    def entries(self) -> list[Entry]:
        with Reader(f"sqlite:///{self.log}", 2.0) as reader:
            return [entry for part in reader.since(EPOCH) for entry in part]


def change(project: Project, name: str, **changes: Any) -> None:
    """Change a JSON file of models/ and what dvc.lock says of it, as `dvc repro` does."""
    path = project.root / "models" / name
    path.write_text(json.dumps(json.loads(path.read_text()) | changes))

    def name_it(lock: dict) -> None:
        outs = [out for stage in lock["stages"].values() for out in stage["outs"] if out["path"] == f"models/{name}"]
        outs[0] |= {"md5": md5(path.read_bytes()).hexdigest(), "size": path.stat().st_size}

    project.edit("dvc.lock", name_it)


def other_threshold(project: Project) -> None:
    """Let the card decide otherwise: another card, so another export.json, of the same model."""
    threshold = json.loads(project.read("models/model.json"))["threshold"]
    change(project, "model.json", threshold=threshold * 1.7)
    change(project, "export.json", card_sha256=sha256_of((project.root / "models" / "model.json").read_bytes()))


@pytest.fixture(scope="module")
def past(light_run: Project, tmp_path_factory: pytest.TempPathFactory) -> Past:
    """Two versions, each committed and answered by the real service of its commit."""
    folder = tmp_path_factory.mktemp("past")
    project = light_run.copy(folder / "project")
    objects = Path(shutil.copytree(project.root / ".dvc" / "cache", folder / "objects"))
    commit(project)
    (project.root / "src" / "serving" / "score.py").unlink()
    older = commit(project)
    project.run("git", *COMMIT[:4], "revert", "--no-edit", "HEAD")
    commits = [head(project.root)]
    project.run("python", "-c", ANSWER)
    other_threshold(project)
    commits.append(commit(project))
    project.run("python", "-c", ANSWER)
    return Past(project, objects, commits, older)


def service(**changes: str) -> Edit:
    """An edit after which a row was answered by another service: what a column holds there is SQL."""

    def edit(log: sqlite3.Connection, wanted: str) -> None:
        columns = [row[1] for row in log.execute("PRAGMA table_info(services)")]
        values = ", ".join(changes.get(name, name) if name != "id" else f"'of-{wanted}'" for name in columns)
        where = f"id = (SELECT service_id FROM predictions WHERE id = '{wanted}')"
        log.execute(f"INSERT INTO services SELECT {values} FROM services WHERE {where}")
        log.execute(f"UPDATE predictions SET service_id = 'of-{wanted}' WHERE id = '{wanted}'")

    return edit


def row(assignments: str) -> Edit:
    """An edit of the row itself."""
    return lambda log, wanted: log.execute(f"UPDATE predictions SET {assignments} WHERE id = '{wanted}'")


def copy_log(past: Past, to: Path, edit: Edit | None = None) -> None:
    """Copy the log, each row edited."""
    with closing(sqlite3.connect(past.log)) as kept, closing(sqlite3.connect(to)) as copied, copied:
        kept.backup(copied)
        for entry in past.entries() if edit else ():
            edit(copied, entry.id)


def both(*edits: Edit) -> Edit:
    return lambda log, wanted: [edit(log, wanted) for edit in edits]


ONE_BIT = row("probability_of_default = probability_of_default * (1 + 3e-16)")
OTHER_LIBRARY = service(libraries="""json_set(libraries, '$.numpy', '1.0')""")
BEFORE = row("form_sha256 = NULL, git_commit = NULL, service_id = NULL")
EDITS: dict[str, tuple[Edit, str, str | None, str]] = {
    "one bit": (ONE_BIT, "different", None, "another probability_of_default"),
    "score": (row("score = score - 1"), "different", None, "another score"),
    "decision": (row("decision = 'refer'"), "different", None, "another decision"),
    "reasons": (row("reasons = '[]', decision = 'decline'"), "different", None, "another"),
    "inputs": (
        row("""inputs = json_set(inputs, '$.checking_status', 'no checking account')"""),
        "different",
        None,
        "another",
    ),
    "dirty": (service(code_dirty="1"), "cannot", "code", "changes that were not committed on commit "),
    "lost code": (service(code_commit=f"'{'0' * 40}'"), "cannot", "commit", f"the commit {'0' * 40} is not in this"),
    "no commit": (service(code_commit="'/etc'"), "cannot", "commit", "the log names a commit that is none: '/etc'"),
    "lost form": (row(f"form_sha256 = '{'0' * 64}'"), "cannot", "commit", f"export.json has the sha256 {'0' * 64}"),
    "other model": (row(f"model_sha256 = '{'0' * 64}'"), "cannot", "commit", f"of the model {'0' * 64}"),
    "no inputs": (row("""inputs = '{"duration_months": "long"}'"""), "cannot", None, "no inputs of this model"),
    "other library": (OTHER_LIBRARY, "equal", None, "instead of 1.0: the same number"),
    "other Python": (service(python="'3.9.1'"), "equal", None, "instead of 3.9.1: the same number"),
    "other number": (both(OTHER_LIBRARY, ONE_BIT), "cannot", "library", "instead of 1.0: `--rebuild` installs"),
    "unknown code": (service(code_commit="NULL", code_dirty="NULL"), "equal", None, NO_CODE),
    "lines": (row("inputs = replace(inputs, ',', char(10) || ',')"), "equal", None, ""),
    "before 0003": (BEFORE, "equal", None, OLD),
}


@pytest.fixture(scope="module")
def edited(past: Past, tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, list[Outcome]]:
    """What comes of rows that were edited, by the edit; the first of each is of the first version."""
    log = tmp_path_factory.mktemp("edited") / "log.db"
    copy_log(past, log)
    by_form: dict[str | None, list[str]] = {}
    for entry in past.entries():
        by_form.setdefault(entry.form_sha256, []).append(entry.id)
    older = {"older code": (service(code_commit=f"'{past.older}'"),)}
    names: dict[str, list[str]] = {}
    with closing(sqlite3.connect(log)) as database, database:
        for ids in by_form.values():
            for wanted, (name, (edit, *_)) in zip(ids, (EDITS | older).items(), strict=False):
                edit(database, wanted)
                names.setdefault(name, []).append(wanted)
    found = past.outcomes(log)
    edited = {wanted for ids in names.values() for wanted in ids}
    names["none"] = [wanted for wanted in found if wanted not in edited]
    return {name: [found[wanted] for wanted in ids] for name, ids in names.items()}


@pytest.mark.parametrize("name", EDITS)
def test_what_was_edited_or_is_missing_is_named(edited: Mapping[str, list[Outcome]], name: str) -> None:
    _, verdict, missing, said = EDITS[name]
    assert len(edited[name]) == 2
    for outcome in edited[name]:
        assert (outcome.verdict, outcome.missing) == (verdict, missing), outcome
        assert not said or any(said in sentence for sentence in outcome.says), outcome.says
        assert bool(outcome.again) == (verdict != "cannot" or missing == "library")


def test_code_from_before_the_entry_answers_by_what_it_has(edited: Mapping[str, list[Outcome]], past: Past) -> None:
    for outcome in edited["older code"]:
        assert (outcome.verdict, outcome.lineage["code_commit"]) == ("equal", past.older)


def test_rows_beside_those_that_cannot_be_scored_are_shown(edited: Mapping[str, list[Outcome]]) -> None:
    assert {outcome.verdict for outcome in edited["none"]} == {"equal"}
    assert len(edited["none"]) > ROWS


def test_card_of_a_row_that_does_not_name_it_is_found_by_trying(
    edited: Mapping[str, list[Outcome]], past: Past
) -> None:
    assert [outcome.lineage["git_commit"] for outcome in edited["before 0003"]] == past.commits


def test_command_shows_every_answer_of_both_versions_with_its_lineage_and_writes_nothing(past: Past) -> None:
    before = past.log.read_bytes()
    done = past.project.run("python", "-m", "src.lineage.replay", "--since", "2026-01-01T00:00:00Z", "--json")
    *lines, last = done.stdout.splitlines()
    found = [json.loads(line) for line in lines]
    assert last == f"{len(found)} equal"
    assert [line["id"] for line in found] == [entry.id for entry in past.entries()]
    assert {line["verdict"] for line in found} == {"equal"}
    assert all(line["again"] == line["logged"] and line["missing"] is None for line in found)
    assert {(line["logged"]["decision"], bool(line["logged"]["reasons"])) for line in found} == {
        ("approve", False),
        ("approve", True),
        ("decline", True),
    }
    assert {(line["lineage"]["git_commit"], line["lineage"]["code_commit"]) for line in found} == {
        (each, each) for each in past.commits
    }
    lineage = found[-1]["lineage"]
    root = past.project.root
    assert lineage["dvc_lock"] == sha256_of((root / "dvc.lock").read_bytes())
    assert lineage["form_sha256"] == sha256_of((root / "models" / "export.json").read_bytes())
    assert lineage["data_md5"] == json.loads((root / "models" / "model.json").read_text())["data"]["applications"]
    assert set(lineage["libraries"]) == {"python", "numpy", "pydantic-core"}
    assert past.log.read_bytes() == before


def test_one_prediction_is_shown_to_people(
    past: Past, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    wanted = past.entries()[0]
    monkeypatch.setattr("sys.argv", ["replay", wanted.id])
    monkeypatch.setenv("LASTRO_DATABASE_URL", f"sqlite:///{past.log}")
    monkeypatch.setattr(replay, "ROOT", past.project.root)
    with pytest.raises(SystemExit) as ended:
        replay.main()
    said = capsys.readouterr().out
    assert ended.value.code == 0
    assert said.startswith(f"{wanted.id}  equal  PD {wanted.probability_of_default!r}, score {wanted.score}")
    for name, value in (("code commit", past.commits[0]), ("form sha256", wanted.form_sha256)):
        assert f"    {name:<13} {value}\n" in said


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ((NOBODYS,), "error: there is no such prediction in the log"),
        (("--since", "9999-01-01T00:00:00Z"), "error: there is no such prediction in the log"),
        (("--since", "2026-01-01"), "'2026-01-01' is not a time with its zone, such as 2026-01-31T12:00:00Z"),
        (("--since", "2026-01-01T00:00:00Z", "--limit", "0"), "'0' is not a whole number from 1 on"),
        ((), "one of the arguments ID --since --batch is required"),
    ],
)
def test_nothing_to_show_is_exit_2_and_a_sentence(
    past: Past,
    words: tuple[str, ...],
    said: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    caplog: pytest.LogCaptureFixture,
) -> None:
    monkeypatch.setattr("sys.argv", ["replay", *words])
    monkeypatch.setenv("LASTRO_DATABASE_URL", f"sqlite:///{past.log}")
    with pytest.raises(SystemExit) as ended:
        replay.main()
    assert ended.value.code == 2
    assert said in capsys.readouterr().err + caplog.text


def test_log_that_is_not_there_is_a_sentence_and_is_not_made(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr("sys.argv", ["replay", NOBODYS])
    monkeypatch.setenv("LASTRO_DATABASE_URL", f"sqlite:///{tmp_path / 'none.db'}")
    with pytest.raises(SystemExit) as ended:
        replay.main()
    assert (ended.value.code, list(tmp_path.iterdir())) == (2, [])
    assert f"error: the prediction log: {tmp_path / 'none.db'}: no such file" in caplog.text


@pytest.fixture
def spoiled(past: Past, tmp_path: Path) -> Path:
    """A copy of DVC's objects to spoil."""
    return Path(shutil.copytree(past.objects, tmp_path / "objects"))


def served_object(past: Past, objects: Path) -> Path:
    """The object of which the served model computes."""
    named = json.loads(past.project.read("models/export.json"))["file"]
    name = named if named != "export.json" else "model.pkl"
    found = md5((past.project.root / "models" / name).read_bytes()).hexdigest()
    return objects / "files" / "md5" / found[:2] / found[2:]


def test_flipped_byte_and_missing_object_are_named(past: Past, spoiled: Path) -> None:
    path = served_object(past, spoiled)
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.chmod(0o644)
    path.write_bytes(content)
    flipped = past.outcomes(past.log, spoiled)
    path.unlink()
    lost = past.outcomes(past.log, spoiled)
    for found, said in ((flipped, "refused, its md5 is"), (lost, f"does not hold the object {path.parent.name}")):
        assert {(each.verdict, each.missing) for each in found.values()} == {("cannot", "object")}
        assert all(said in each.says[-1] for each in found.values())
        assert exit_code({each.verdict for each in found.values()}) == 2


def test_form_that_no_commit_holds_is_had_from_the_chain_where_it_was_published(past: Past, tmp_path: Path) -> None:
    root = tmp_path / "clone"
    Project(past.project.root).run("git", "clone", "-q", ".", str(root))
    clone = Project(root)
    clone.run("git", "reset", "-q", "--hard", past.commits[0])
    for line in ("remote remove origin", "reflog expire --expire=now --all", "gc -q --prune=now"):
        clone.run("git", *line.split())
    place, models = Folder(Path(shutil.copytree(past.objects, tmp_path / "objects"))), past.project.root / "models"
    contents = {name: (models / name).read_bytes() for name in ("model.json", "export.json", "model.pkl", "trees.npz")}
    files = {}
    for name, content in contents.items():
        keep(place, content)
        facts = {"sha256": sha256_of(content), "md5": md5(content).hexdigest(), "size": len(content)}
        files[name] = StoredFile(**facts, at="registry")
    log = tmp_path / "log.db"
    copy_log(past, log, service(code_commit=f"'{past.commits[0]}'"))
    form, model = sha256_of(contents["export.json"]), json.loads(contents["model.json"])["sha256"]
    about = {"by": "t", "why": "t", "time": "2026-11-26T00:00:00Z", "form_sha256": form, "sha256": model}
    append(place, read_chain(place), kind="publish", version=1, files=files, **about)
    after = Past(clone, place.path, past.commits, "").outcomes(log)
    later = [entry.id for entry in past.entries() if entry.form_sha256 == form]
    assert {after[each].verdict for each in after} == {"equal"}
    assert {(after[each].lineage["git_commit"], after[each].says) for each in later} == {(None, (f"{UNCOMMITTED} 1",))}


@pytest.mark.parametrize(
    ("verdicts", "code"),
    [({"equal"}, 0), (set(), 2), ({"equal", "cannot"}, 2), ({"equal", "cannot", "different"}, 1)],
)
def test_exit_code_is_1_if_any_differs_else_2_if_any_cannot_be_shown(verdicts: set[Any], code: int) -> None:
    assert exit_code(verdicts) == code
