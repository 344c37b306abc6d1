"""Each command of the registry, what it answers, its exit code; the chain behind it is a real one."""

import json
import shutil
import sqlite3
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from src.lineage.adoption import adopt_former
from src.lineage.aliases import StoppedError
from src.lineage.chain import FILES, REGISTRY, Place, append, key_of, read_chain
from src.lineage.folder import Folder
from src.lineage.lock import LineageError
from src.lineage.mlflow_backend import opened
from src.lineage.model_versions import DRAWN, FORM_SHA256, VERSION
from src.lineage.promotion import Reason, promote, put
from src.lineage.publishing import publish
from src.lineage.registry import main
from src.lineage.settings import Settings
from src.lineage.storage import remote
from tests.conftest import Project
from tests.lineage.conftest import commit, settings_in
from tests.lineage.pushed import aliases, another_model, pushed_to_folder, versions

DEAD = "http://127.0.0.1:9"
WHY = Reason("t", "w")


@dataclass(frozen=True)
class Stand:
    """A project with two published versions, its folder of objects, its MLflow."""

    project: Project
    settings: Settings
    capsys: pytest.CaptureFixture[str] | None = None

    @property
    def place(self) -> Folder:
        """The folder of objects and events."""
        found = remote(self.project.root)
        assert isinstance(found, Folder)
        return found

    def run(self, command: str) -> int:
        """Run a command of the registry and return its exit code."""
        try:
            return main(command.split(), self.project.root, self.settings)
        except SystemExit as refused:  # argparse
            return int(refused.code or 0)

    def json(self, command: str, code: int = 0) -> Any:
        """Return what a command answers in JSON, on stdout and nothing else."""
        assert self.capsys
        self.capsys.readouterr()
        assert self.run(f"{command} --json") == code, self.capsys.readouterr().err
        return json.loads(self.capsys.readouterr().out)

    def kinds(self) -> str:
        """Return the events' kinds, in order."""
        return " ".join(event.kind for event in read_chain(self.place).events)

    def champion(self) -> int | None:
        """Return the chain's champion."""
        return read_chain(self.place).state.champion

    def point(self, alias: str, number: str) -> None:
        """Move an alias by hand."""
        with opened(self.settings) as mlflow:
            mlflow.MlflowClient().set_registered_model_alias("credit-score", alias, number)


@pytest.fixture(scope="module")
def two(_small: Project, empty_database: Path, tmp_path_factory: pytest.TempPathFactory) -> Stand:
    """Version 1, the champion, and version 2, its challenger, both of a commit. Copy it before you change it."""
    folder = tmp_path_factory.mktemp("two")
    project = pushed_to_folder(_small.copy(folder / "project"), folder / "objects")
    settings = settings_in(folder, empty_database)
    publish(project.root, settings)
    another_model(project, seed=1)
    commit(project)
    publish(project.root, settings)
    return Stand(project, settings)


@pytest.fixture
def objects(two: Stand, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Stand:
    """The same, to be changed but for MLflow."""
    project = two.project.copy(tmp_path / "project")
    shutil.copytree(two.place.path, tmp_path / "objects")
    return Stand(pushed_to_folder(project, tmp_path / "objects"), two.settings, capsys)


@pytest.fixture
def stand(objects: Stand, tmp_path: Path) -> Stand:
    """The same, to be changed."""
    assert objects.settings.database
    settings = settings_in(tmp_path, objects.settings.database)
    with sqlite3.connect(settings.database or "") as database:  # where new artifacts go
        database.execute("UPDATE experiments SET artifact_location = ?", (str(settings.runs_folder),))
    database.close()
    return replace(objects, settings=settings)


@pytest.fixture
def silent(objects: Stand, monkeypatch: pytest.MonkeyPatch) -> Stand:
    """The same, and no server where MLflow should be."""
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")
    return replace(objects, settings=Settings(state=objects.settings.state, tracking_uri=DEAD))


@pytest.mark.parametrize(
    ("command", "code"),
    [
        ("publish", 0),
        ("list", 0),
        ("show 1", 0),
        ("show 9", 2),
        ("show x", 2),
        ("compare 1 2", 0),
        ("compare 1 9", 2),
        ("gates 2", 1),  # there are no test rows to tell by
        ("gates 9", 2),
        ("promote 1 --why w", 0),  # is champion already
        ("promote 9 --why w --force", 2),
        ("promote 2", 2),
        ("rollback --why w", 2),  # to what?
        ("rollback --to 1 --why w", 0),  # the same
        ("rollback --to 9 --why w", 2),
        ("rollback", 2),
        ("history", 0),
        ("verify", 0),
        ("reconcile", 0),
        ("reconcile --undo", 0),
        ("reconcile --adopt", 2),
        ("reconcile --adopt --why w", 0),
        ("reconcile --undo --adopt --why w", 2),
        ("", 2),
        ("demote 1", 2),
    ],
)
def test_exit_code_of_what_changes_nothing(
    two: Stand, capsys: pytest.CaptureFixture[str], command: str, code: int
) -> None:
    stand = replace(two, capsys=capsys)
    if code == 2:
        assert stand.run(command) == code
        said = capsys.readouterr()
        assert said.out == ""
        assert "error: " in said.err
        assert "Traceback" not in said.err
    else:
        assert isinstance(stand.json(command, code), dict | list)
    assert (stand.kinds(), aliases(stand.settings)) == ("publish promote publish", {"champion": "1", "challenger": "2"})


def test_command_without_its_store_is_2(objects: Stand) -> None:
    shutil.rmtree(objects.place.path)
    for command in ("list", "promote 2 --why w --force", "rollback --to 2 --why w", "verify", "publish", "reconcile"):
        assert objects.run(command) == 2
        assert objects.capsys
        assert "error: DVC's remote is the folder" in objects.capsys.readouterr().err


@pytest.mark.parametrize(
    ("command", "code", "events"),
    [
        ("promote 2 --why w --force", 0, "promote"),
        ("rollback --to 2 --why w", 0, "rollback"),
        ("publish", 0, ""),
        ("list", 0, ""),
        ("verify", 0, ""),
        ("reconcile", 2, ""),
    ],
)
def test_silent_mlflow_is_a_warning_and_the_event_stands(
    silent: Stand, command: str, code: int, events: str, caplog: pytest.LogCaptureFixture
) -> None:
    before = silent.kinds()
    assert silent.run(command) == code
    assert silent.kinds() == f"{before} {events}".strip()
    assert not events or f"warning: MLflow cannot use {DEAD}" in caplog.text


def test_event_that_mlflow_missed_is_drawn_later(stand: Stand, silent: Stand) -> None:
    silent.run("promote 2 --why w --force")
    assert aliases(stand.settings) == {"champion": "1", "challenger": "2"}
    assert stand.run("reconcile") == 1  # found a difference, and drew it anew
    assert aliases(stand.settings) == {"champion": "2"}
    assert stand.run("reconcile") == 0


def test_version_published_while_mlflow_was_silent_is_brought_there_by_publishing_again(
    stand: Stand, silent: Stand
) -> None:
    another_model(stand.project, seed=2)
    assert publish(silent.project.root, silent.settings)["version"] == "3"
    assert (versions(stand.settings), stand.run("reconcile")) == (2, 1)
    assert aliases(stand.settings) == {"champion": "1", "challenger": "2"}  # the third cannot be shown
    assert publish(stand.project.root, stand.settings)["version"] == "3"
    assert aliases(stand.settings) == {"champion": "1", "challenger": "3"}
    assert stand.run("reconcile") == 0


def test_list_names_each_version_by_its_form(stand: Stand) -> None:
    first, second = stand.json("list")
    named = "version alias form_sha256 sha256 git_commit git_dirty data_md5 published metrics"
    assert list(first) == named.split()
    assert [(one["version"], one["alias"]) for one in (first, second)] == [("1", "champion"), ("2", "challenger")]
    assert second["git_commit"] == stand.project.run("git", "rev-parse", "HEAD").stdout.strip()
    assert second["metrics"] == {"roc_auc": 0.8, "brier": 0.15, "ece": 0.05}
    assert first["form_sha256"] != second["form_sha256"]


def test_form_that_is_another_is_another_version_though_the_model_is_the_same(stand: Stand) -> None:
    form = stand.project.root / "src" / "form"
    changed = json.loads(form.read_text())
    changed["parity"]["random_rows"] += 1
    for path in ("src/form", "models/export.json"):
        (stand.project.root / path).write_text(json.dumps(changed))
    relock(stand.project, "src/form", "models/export.json")
    made = commit(stand.project)
    said = publish(stand.project.root, stand.settings)
    _, second, third = stand.json("list")
    assert (said["version"], said["git_commit"]) == ("3", made)
    assert second["sha256"] == third["sha256"]
    assert second["git_commit"] != made
    assert aliases(stand.settings) == {"champion": "1", "challenger": "3"}


def relock(project: Project, *paths: str) -> None:
    """Let dvc.lock name these files as they are now."""
    from src.files import digest

    def name(lock: dict) -> None:
        stage = lock["stages"]["train"]
        for entry in [*stage["deps"], *stage["outs"]]:
            if entry["path"] in paths:
                path = project.root / entry["path"]
                entry |= {"md5": digest(path, "md5"), "size": path.stat().st_size}

    project.edit("dvc.lock", name)


def test_promotion_and_two_rollbacks_go_back_and_never_forth(stand: Stand) -> None:
    event = stand.json("promote 2 --why better --by ann --force")
    assert {name: event[name] for name in ("number", "kind", "version", "from", "to", "by", "why", "forced")} == {
        "number": 4,
        "kind": "promote",
        "version": 2,
        "from": 1,
        "to": 2,
        "by": "ann",
        "why": "better",
        "forced": True,
    }
    assert {gate["name"] for gate in event["gates"]} >= {"roc_auc", "expected_cost", "clean_commit"}
    assert aliases(stand.settings) == {"champion": "2"}
    back = stand.json("rollback --why worse")
    assert (back["kind"], back["from"], back["to"], back["gates"]) == ("rollback", 2, 1, [])
    assert aliases(stand.settings) == {"champion": "1"}
    assert stand.run("rollback --why again") == 2
    assert stand.champion() == 1
    assert [event["kind"] for event in stand.json("history")][2:] == ["publish", "promote", "rollback"]
    assert stand.json("verify")["events"] == 5


def test_refusal_is_an_event_that_changes_nothing(stand: Stand) -> None:
    event = stand.json("promote 2 --why w", 1)
    assert (event["kind"], event["from"], event["to"], event["forced"]) == ("refuse", 1, None, False)
    assert [gate["name"] for gate in event["gates"] if gate["passed"] is None][:2] == ["roc_auc", "expected_cost"]
    assert stand.champion() == 1
    assert aliases(stand.settings) == {"champion": "1", "challenger": "2"}


def test_policy_may_leave_promotion_to_the_gates(stand: Stand) -> None:
    policy = stand.project.root / "policy.yaml"
    policy.write_text(policy.read_text().replace("on_publish: challenger", "on_publish: promote"))
    another_model(stand.project, seed=2)
    publish(stand.project.root, stand.settings)
    assert stand.kinds().split()[3:] == ["publish"]  # a dirty version is not put to the gates
    commit(stand.project)
    publish(stand.project.root, stand.settings)
    assert stand.kinds().split()[4:] == ["publish", "refuse"]
    publish(stand.project.root, stand.settings)
    assert len(stand.kinds().split()) == 6
    assert read_chain(stand.place).events[-1].why == "policy.yaml: on_publish: promote"


def test_what_is_to_wait_stays_challenger_whatever_the_policy_says_and_the_chain_keeps_why(stand: Stand) -> None:
    policy = stand.project.root / "policy.yaml"
    policy.write_text(policy.read_text().replace("on_publish: challenger", "on_publish: promote"))
    another_model(stand.project, seed=2)
    head = commit(stand.project)
    publish(stand.project.root, stand.settings, "monitor", "drift of duration", waits=True)
    assert stand.kinds().split()[3:] == ["publish"]  # not even put to the gates
    event = read_chain(stand.place).events[-1]
    assert (event.by, event.why) == ("monitor", f"made by commit {head[:12]}: drift of duration")
    assert aliases(stand.settings) == {"champion": "1", "challenger": "3"}


def test_what_is_to_wait_wants_a_champion(small: Project, settings: Settings, tmp_path: Path) -> None:
    project = pushed_to_folder(small, tmp_path / "remote")
    with pytest.raises(LineageError, match="there is no champion beside which it could wait as challenger"):
        publish(project.root, settings, waits=True)
    assert read_chain(remote(project.root)).events == ()


def test_who_asks_is_git_s_user_unless_it_is_said(stand: Stand) -> None:
    stand.project.run("git", "config", "user.name", "Grace Hopper")
    assert stand.json("rollback --to 2 --why w")["by"] == "Grace Hopper"


def test_show_says_all_and_compare_what_differs(stand: Stand) -> None:
    found = stand.json("show 2")
    assert {name: file["at"] for name, file in found["files"].items()} == {
        "model.pkl": "dvc",
        "model.json": "registry",
        "export.json": "registry",
        "evaluation.json": "registry",
    }
    assert found["params"] == {"train.folds": 5}
    assert [event["kind"] for event in found["events"]] == ["publish"]
    said = stand.json("compare 1 2")
    assert "sha256" in json.dumps(said)
    for command in ("list", "show 2", "history", "compare 1 2", "gates 2", "verify", "reconcile"):
        stand.run(command)
        assert stand.capsys
        assert stand.capsys.readouterr().out.strip(), command


def test_who_loses_the_number_goes_on_while_the_champion_is_the_same(stand: Stand) -> None:
    place, seen = stand.place, read_chain(stand.place)
    facts = {"form_sha256": "f", "sha256": "s", "data_md5": "d"}
    append(place, seen, kind="publish", version=3, by="other", why="w", **facts)
    assert promote(stand.project.root, place, seen, 1, WHY) is seen  # is champion already: nothing is written
    after = put(place, seen, "promote", 2, WHY)
    assert (after.events[-1].number, after.state.champion) == (5, 2)
    with pytest.raises(StoppedError, match=r"changed meanwhile from 1 to 2, by t \(w\): nothing was done"):
        put(place, seen, "rollback", 1, WHY)
    assert len(read_chain(place).events) == 5


@pytest.mark.parametrize("command", ["reconcile", "promote 1 --why w --force", "publish"])
def test_interrupted_command_is_drawn_anew_and_said(
    stand: Stand, command: str, caplog: pytest.LogCaptureFixture
) -> None:
    put(stand.place, read_chain(stand.place), "promote", 2, WHY)  # killed before it drew
    assert aliases(stand.settings) == {"champion": "1", "challenger": "2"}
    assert stand.run(command) == (1 if command == "reconcile" else 0)
    assert stand.capsys
    assert "an interrupted command had left MLflow's aliases" in stand.capsys.readouterr().out + caplog.text
    expected = {"champion": "1"} if command.startswith("promote") else {"champion": "2"}
    assert aliases(stand.settings) == expected
    assert stand.run("reconcile") == 0


@pytest.fixture
def by_hand(stand: Stand) -> Stand:
    """Three versions, of which somebody gave the second to the champion's alias in MLflow."""
    another_model(stand.project, seed=2)
    commit(stand.project)
    publish(stand.project.root, stand.settings)
    stand.point("champion", "2")
    return stand


@pytest.mark.parametrize("command", ["reconcile", "publish", "promote 3 --why w --force"])
def test_alias_that_was_moved_by_hand_is_reported_and_nothing_changes(by_hand: Stand, command: str) -> None:
    before = by_hand.kinds()
    assert by_hand.run(command) == 1
    assert by_hand.capsys
    said = by_hand.capsys.readouterr()
    assert "moved by hand: it shows" in said.out + said.err
    assert aliases(by_hand.settings) == {"champion": "2", "challenger": "3"}
    assert by_hand.kinds() == before
    assert by_hand.json("verify", 1)["aliases"]["standing"] == "moved"


def test_rollback_stands_though_an_alias_was_moved_by_hand(by_hand: Stand) -> None:
    by_hand.run("reconcile --undo")
    by_hand.run("promote 3 --why w --force")
    by_hand.point("champion", "2")
    assert by_hand.run("rollback --why w") == 1
    assert by_hand.champion() == 1
    assert aliases(by_hand.settings) == {"champion": "2"}


def test_alias_moved_by_hand_is_put_back_by_undo(by_hand: Stand) -> None:
    assert by_hand.json("reconcile --undo")["found"] == "moved"
    assert aliases(by_hand.settings) == {"champion": "1", "challenger": "3"}
    assert by_hand.run("reconcile") == 0


def test_alias_moved_by_hand_is_taken_by_adopt(by_hand: Stand) -> None:
    by_hand.run("reconcile --adopt --why seen --by ann")
    event = by_hand.json("history")[-1]
    assert (event["kind"], event["from"], event["to"], event["challenger"]) == ("adopt", 1, 2, 3)
    assert (event["by"], event["why"]) == ("ann", "seen")
    assert by_hand.run("reconcile") == 0
    assert by_hand.run("rollback --why w") == 0
    assert by_hand.champion() == 1


def test_version_that_the_chain_does_not_have_is_not_adopted(stand: Stand) -> None:
    with opened(stand.settings) as mlflow:
        client = mlflow.MlflowClient()
        client.create_model_version("credit-score", "file:///nowhere")
        client.set_registered_model_alias("credit-score", "champion", "3")
    assert stand.run("reconcile") == 1
    assert stand.run("reconcile --adopt --why w") == 2
    assert stand.run("reconcile --undo") == 0


@pytest.fixture
def former(stand: Stand) -> Stand:
    """The same two versions as a release before the chain left them: MLflow alone knows them."""
    shutil.rmtree(stand.place.path / REGISTRY)
    with opened(stand.settings) as mlflow:
        client = mlflow.MlflowClient()
        client.delete_registered_model_tag("credit-score", DRAWN)
        for number in ("1", "2"):
            for tag in (VERSION, FORM_SHA256):
                client.delete_model_version_tag("credit-score", number, tag)
    put_second = stand.project.root / "models" / "registry.json"
    put_second.unlink()
    return stand


def test_registry_from_before_is_adopted_by_one_command(former: Stand) -> None:
    assert former.run("reconcile") == 2  # says how
    assert former.run("reconcile --adopt --why theirs") == 0
    assert former.kinds() == "publish publish adopt"
    first, second = former.json("list")
    assert (first["alias"], second["alias"]) == ("champion", "challenger")
    assert first["git_commit"] != second["git_commit"]
    assert former.json("verify")["aliases"]["standing"] == "same"
    assert former.run("reconcile") == 0
    assert publish(former.project.root, former.settings)["version"] == "2"
    assert versions(former.settings) == 2


def test_publish_adopts_a_registry_from_before_and_leaves_its_champion(former: Stand) -> None:
    another_model(former.project, seed=2)
    assert publish(former.project.root, former.settings)["version"] == "3"
    assert former.kinds() == "publish publish adopt publish"
    assert aliases(former.settings) == {"champion": "1", "challenger": "3"}
    assert former.run("reconcile") == 0


def test_adoption_that_was_interrupted_goes_on(former: Stand) -> None:
    adopt_former(former.project.root, former.settings, former.place, WHY)
    (former.place.path / key_of(3)).unlink()  # killed before the event about the champion
    (former.place.path / key_of(2)).unlink()
    assert former.run("reconcile --adopt --why w") == 0
    assert former.kinds() == "publish publish adopt"


def test_former_version_without_a_commit_is_left_out_and_its_number_not_given_again(
    former: Stand, caplog: pytest.LogCaptureFixture
) -> None:
    with opened(former.settings) as mlflow:
        mlflow.MlflowClient().delete_model_version_tag("credit-score", "1", "git.commit")
    assert publish(former.project.root, former.settings)["version"] == "2"
    assert "MLflow's version 1 is not adopted: neither commit None nor dvc.lock here names" in caplog.text
    assert former.kinds() == "publish promote"
    assert aliases(former.settings) == {"champion": "2"}


def edited_event(place: Place) -> str:
    place.replace(key_of(2), (place.get(key_of(2)) or b"").replace(b"first", b"worst"))
    return "00000002.json was edited"


def edited_last(place: Place) -> str:
    place.replace(key_of(3), (place.get(key_of(3)) or b"").replace(b"commit", b"commie"))
    return "00000003.json was edited: MLflow's aliases were drawn from one"


def no_event(place: Place) -> str:
    place.replace(key_of(2), b"[]")
    return "00000002.json"


def missing_number(place: Place) -> str:
    assert isinstance(place, Folder)
    (place.path / key_of(2)).unlink()
    return "00000002.json is missing"


def missing_last(place: Place) -> str:
    assert isinstance(place, Folder)
    (place.path / key_of(3)).unlink()
    return "00000003.json is missing: MLflow's aliases were drawn from it"


def flipped_byte(place: Place) -> str:
    sha256 = read_chain(place).version(2).files["export.json"].sha256
    content = bytearray(place.get(FILES + sha256) or b"")
    content[7] ^= 1
    place.replace(FILES + sha256, bytes(content))
    return f"version 2: export.json: refused, {FILES}{sha256}"


def missing_file(place: Place) -> str:
    assert isinstance(place, Folder)
    sha256 = read_chain(place).version(1).files["model.json"].sha256
    (place.path / FILES / sha256).unlink()
    return f"version 1: model.json: {FILES}{sha256} is missing"


def missing_object(place: Place) -> str:
    assert isinstance(place, Folder)
    url = place.url_of(read_chain(place).version(1).files["model.pkl"].md5)
    Path(url).unlink()
    return f"version 1: model.pkl: {url} is missing"


@pytest.mark.parametrize(
    "spoil",
    [edited_event, edited_last, no_event, missing_number, missing_last, flipped_byte, missing_file, missing_object],
)
def test_verify_names_what_is_not_as_the_chain_says(objects: Stand, spoil: Callable[[Place], str]) -> None:
    named = spoil(objects.place)
    found = objects.json("verify", 1)
    said = found["missing" if "missing" in named else "broken"]
    assert any(named in sentence for sentence in said), found


@pytest.fixture(params=[missing_file, missing_object])
def first_spoilt(stand: Stand, request: pytest.FixtureRequest) -> Stand:
    """Version 2 is champion, and an object of version 1 is missing."""
    stand.run("promote 2 --why w --force")
    request.param(stand.place)
    return stand


def test_rollback_to_a_version_that_is_not_whole_is_refused(first_spoilt: Stand) -> None:
    assert first_spoilt.run("rollback --why w") == 1
    assert first_spoilt.capsys
    assert "error: version 1 is not whole: model." in first_spoilt.capsys.readouterr().err
    assert first_spoilt.champion() == 2
