"""What the chain names is delivered: each version complete and verified before serving.json names it"""

import json
import os
import signal
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from src.errors import LastroError
from src.files import digest, sha256_of
from src.lineage import follow
from src.lineage.chain import Chain, Place, append, keep, key_of
from src.lineage.events import StoredFile
from src.lineage.folder import Folder
from src.lineage.follow import FILES, Follower, alone, once
from src.lineage.s3_errors import SILENT
from src.lineage.storage import Bucket, place_of
from src.model.development import REFERENCE, read_development
from src.serving.delivered import read_delivered
from src.serving.export import EXPORT, TREES
from src.serving.predictors import load
from tests.api.deliveries import again, strict, wide
from tests.conftest import OURS, ROOT
from tests.lineage.conftest import PASSWORD, USER, Minio
from tests.ports import wait_until

START = datetime(2026, 1, 1, tzinfo=UTC)
COMMIT = "c" * 40


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Seven served forms: a scorecard, a forest (with trees.npz), and the scorecard with other thresholds."""
    folder = tmp_path_factory.mktemp("made")
    found = [wide(folder / "1"), strict(folder / "2")]
    return found + [again(found[0], folder / str(n), threshold=n / 10) for n in range(3, 8)]


def put(place: Place, path: Path, *, in_dvc: bool) -> StoredFile:
    """Store a file as publishing does."""
    content = path.read_bytes()
    file = StoredFile(sha256=sha256_of(content), md5=digest(path, "md5"), size=len(content),
                      at="dvc" if in_dvc else "registry")  # fmt: skip
    if in_dvc:
        folder = place.address if isinstance(place, Folder) else f"s3://{place.name}"
        place.replace(place.url_of(file.md5).removeprefix(f"{folder}/"), content)
    else:
        keep(place, content)
    return file


class Registry:
    """A chain to which events are added a minute apart."""

    def __init__(self, place: Place, made: list[Path]) -> None:
        self.place, self.made = place, made
        self.chain = Chain()

    def add(self, kind: str, version: int, **facts: Any) -> None:
        time = (START + timedelta(minutes=len(self.chain.events))).isoformat()
        self.chain = append(self.place, self.chain, kind=kind, version=version, by="t", why="w", time=time, **facts)  # type: ignore[arg-type]

    def publish(self, version: int, *, promote: bool = False) -> None:
        folder = self.made[version - 1]
        files = {path.name: put(self.place, path, in_dvc=path.name == TREES) for path in folder.iterdir()}
        card = json.loads((folder / "model.json").read_text())
        facts = {"files": files, "form_sha256": self.form(version), "sha256": card["sha256"], "git_commit": COMMIT,
                 "data_md5": "d" * 32}  # fmt: skip
        self.add("publish", version, **facts)
        if promote:
            self.promote(version)

    def promote(self, version: int) -> None:
        self.add("promote", version, to=version, before=self.chain.state.champion)

    def form(self, version: int) -> str:
        return sha256_of((self.made[version - 1] / EXPORT).read_bytes())


@pytest.fixture
def registry(tmp_path: Path, made: list[Path]) -> Registry:
    """In a folder: version 1 is champion, 2 challenger."""
    place = place_of(str(tmp_path / "remote"), {})
    place.set_up()
    found = Registry(place, made)
    found.publish(1, promote=True)
    found.publish(2)
    return found


@pytest.fixture
def follower(registry: Registry, tmp_path: Path) -> Follower:
    return Follower(registry.place, tmp_path / "serving", keep=2)


def content(follower: Follower) -> dict[str, Any]:
    return dict(json.loads((follower.folder / "serving.json").read_text()))


def folders(follower: Follower) -> set[str]:
    return {path.name for path in (follower.folder / "versions").iterdir()}


def test_champion_and_challenger_are_delivered_as_they_were_published(registry: Registry, follower: Follower) -> None:
    follower.look()
    found = content(follower)
    assert (found["event"], found["champion"], found["challenger"], set(found["versions"])) == (3, "1", "2", {"1", "2"})
    for number, version in found["versions"].items():
        source, folder = registry.made[int(number) - 1], follower.folder / version["folder"]
        assert version["folder"] == f"versions/{registry.form(int(number))}"
        assert {path.name: path.read_bytes() for path in folder.iterdir()} == {
            path.name: path.read_bytes() for path in source.iterdir()
        }
        assert version["files"] == {path.name: digest(path) for path in source.iterdir()}
        assert (version["git_commit"], version["why"]) == (COMMIT, None)
        assert load(folder).form_sha256 == version["form_sha256"]
    assert [event["kind"] for event in found["history"]] == ["publish", "promote", "publish"]
    assert "files" not in found["history"][0]
    assert found["versions"]["1"]["since"] == "2026-01-01T00:01:00Z"
    assert set(FILES) >= {path.name for path in registry.made[1].iterdir()}
    assert read_delivered(follower.folder).alias("2") == "challenger"


def test_those_that_lost_or_got_a_place_last_are_kept_and_others_removed_after_a_while(
    registry: Registry, follower: Follower, monkeypatch: pytest.MonkeyPatch
) -> None:
    registry.publish(3)
    registry.publish(4)
    follower.look()
    assert list(content(follower)["versions"]) == ["1", "4", "3", "2"]
    registry.promote(3)  # 1 was champion until now
    follower.look()
    assert list(content(follower)["versions"]) == ["3", "4", "1", "2"]
    registry.publish(5)
    follower.look()
    assert list(content(follower)["versions"]) == ["3", "5", "4", "1"]
    assert folders(follower) == {registry.form(number) for number in range(1, 6)}  # a process may be reading 2
    monkeypatch.setattr(follow, "GRACE", 0.0)
    follower.look()
    assert folders(follower) == {registry.form(number) for number in (1, 3, 4, 5)}


def test_nothing_new_costs_one_question_and_writes_nothing(registry: Registry, follower: Follower) -> None:
    follower.look()
    asked: list[str] = []
    get = registry.place.get
    object.__setattr__(registry.place, "get", lambda key: asked.append(key) or get(key))
    before = (follower.folder / "serving.json").stat()
    follower.look()
    assert asked == [key_of(4)]
    assert (follower.folder / "serving.json").stat() == before


@pytest.mark.parametrize("spoil", ["missing", "tampered"])
def test_version_without_an_object_is_named_with_why_and_the_rest_is_delivered(
    registry: Registry, follower: Follower, spoil: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    trees = registry.chain.version(2).files[TREES]
    path = Path(registry.place.url_of(trees.md5))
    whole = path.read_bytes()
    path.unlink() if spoil == "missing" else path.write_bytes(whole[:-1] + b"x")
    registry.promote(2)
    follower.look()
    found = content(follower)
    assert (found["champion"], found["versions"]["2"]["folder"]) == ("2", None)
    said = f"{path} is missing" if spoil == "missing" else "refused"
    assert said in found["versions"]["2"]["why"]
    assert found["versions"]["1"]["why"] is None
    assert folders(follower) == {registry.form(1)}
    with pytest.raises(LastroError, match="not all versions could be delivered"):
        once(follower)
    path.write_bytes(whole)
    follower.look()
    assert content(follower)["versions"]["2"]["folder"] is None, "not at every look"
    monkeypatch.setattr(follow, "RETRY", 0.0)
    follower.look()
    assert load(follower.folder / content(follower)["versions"]["2"]["folder"]).form_sha256 == registry.form(2)


def test_folder_in_which_a_file_was_changed_is_brought_again(registry: Registry, follower: Follower) -> None:
    follower.look()
    path = follower.folder / "versions" / registry.form(2) / TREES
    whole, before = path.read_bytes(), (follower.folder / "serving.json").stat().st_ino
    path.write_bytes(b"another")
    Follower(registry.place, follower.folder, keep=2).look()
    assert path.read_bytes() == whole
    assert (follower.folder / "serving.json").stat().st_ino != before, "processes look only at what is renamed"


def test_known_version_of_which_more_is_published_is_brought_again(registry: Registry, follower: Follower) -> None:
    follower.look()
    folder = follower.folder / content(follower)["versions"]["1"]["folder"]
    assert read_development(folder) is None, "published by an older release"
    event, reference = registry.chain.version(1), ROOT / "models" / REFERENCE
    files = event.files | {REFERENCE: put(registry.place, reference, in_dvc=False)}
    registry.add("publish", 1, **event.facts() | {"files": files})
    follower.look()
    found = content(follower)
    assert (found["event"], found["champion"], found["challenger"]) == (4, "1", "2")
    assert found["versions"]["1"]["files"][REFERENCE] == digest(reference)
    assert (folder / REFERENCE).read_bytes() == reference.read_bytes()
    assert load(folder).form_sha256 == registry.form(1)


def test_no_champion_is_waited_for(made: list[Path], tmp_path: Path) -> None:
    place = place_of(str(tmp_path / "remote"), {})
    place.set_up()
    registry, follower = Registry(place, made), Follower(place, tmp_path / "serving", keep=3)
    with pytest.raises(LastroError, match="the chain has no champion"):
        once(follower)
    registry.publish(1)
    follower.look()
    assert not (follower.folder / "serving.json").exists()
    registry.promote(1)
    once(follower)
    assert content(follower)["champion"] == "1"


def test_silent_store_and_edited_chain_leave_what_there_is(registry: Registry, follower: Follower) -> None:
    follower.look()
    before, remote = content(follower), Path(registry.place.address)
    remote.rename(remote.with_name("away"))
    with pytest.raises(LastroError, match="which is not there"):
        Follower(registry.place, follower.folder, keep=2).look()
    remote.with_name("away").rename(remote)
    registry.promote(2)
    path = remote / key_of(4)
    path.write_text(path.read_text().replace(str(registry.chain.events[-1].previous), "0" * 64))
    with pytest.raises(LastroError, match="one of them was edited"):
        follower.look()
    assert content(follower) == before


def test_only_one_process_delivers_to_a_folder(tmp_path: Path) -> None:
    (tmp_path / "versions" / ".killed.new").mkdir(parents=True)
    with alone(tmp_path):
        assert list((tmp_path / "versions").iterdir()) == []
        (being_made := tmp_path / "versions" / ".form.new").mkdir()
        with pytest.raises(LastroError, match="another process delivers to it"), alone(tmp_path):
            pass
        assert being_made.is_dir()  # who comes second takes nothing away


def test_command_follows_a_bucket_until_it_is_stopped(own_minio: Minio, made: list[Path], tmp_path: Path) -> None:
    place = place_of("s3://followed/dvc", own_minio.remote("followed"))
    assert isinstance(place, Bucket)
    place.set_up()
    registry = Registry(place, made)
    registry.publish(1, promote=True)
    kept = {name: value for name, value in os.environ.items() if not name.startswith(OURS)}
    env = {"LASTRO_SERVING": str(tmp_path / "serving"), "LASTRO_KEEP_VERSIONS": "0", "AWS_ACCESS_KEY_ID": USER,
           "AWS_SECRET_ACCESS_KEY": PASSWORD}  # fmt: skip
    where = ["--remote", "s3://followed/dvc", "--endpoint", own_minio.url, "--region", "us-east-1"]
    command = [sys.executable, "-m", "src.lineage.delivery", "--follow", *where]
    log = tmp_path / "log"
    with log.open("w") as output:
        process = subprocess.Popen(command, cwd=ROOT, env=kept | env, stderr=output)
    serving = tmp_path / "serving" / "serving.json"

    def event() -> int:
        return int(json.loads(serving.read_text())["event"]) if serving.exists() else 0

    try:
        wait_until(lambda: event() == 2)
        own_minio.stop()
        wait_until(lambda: "nothing new is delivered" in log.read_text(), 40)
        assert event() == 2
        own_minio.start()
        wait_until(lambda: "the chain is read again" in log.read_text(), 40)
        registry.publish(2, promote=True)
        wait_until(lambda: event() == 4)
        process.send_signal(signal.SIGTERM)
        assert process.wait(10) == 0
    finally:
        process.kill()
        process.wait()
    assert log.read_text().splitlines() == [
        "event 2: champion 1, delivered 1",
        f"nothing new is delivered: DVC's remote s3://followed at {own_minio.url}: {SILENT}",
        "the chain is read again",
        "event 4: champion 2, delivered 2",
    ]
