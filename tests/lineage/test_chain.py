"""The chain in a real bucket and in a folder: one writer a number, and nothing is changed without being named."""

import json
import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from src.errors import LastroError
from src.files import digest, sha256_of
from src.lineage.chain import (
    FILES,
    Chain,
    ChainError,
    Place,
    TakenError,
    append,
    encoded,
    fetch,
    keep,
    key_of,
    read_chain,
)
from src.lineage.events import StoredFile
from src.lineage.storage import place_of
from tests.lineage.conftest import Minio

MANY = 8
WHO = {"by": "t", "why": "w", "time": "2026-01-01T00:00:00+00:00"}
CARD, PICKLE = b"a card", b"a pickle"


@pytest.fixture(params=["bucket", "folder"])
def place(request: pytest.FixtureRequest, minio: Minio, tmp_path: Path) -> Place:
    """An empty place of this test's own."""
    bucket = f"chain-{sha256_of(request.node.nodeid.encode())[:16]}"
    keys = {"bucket": (f"s3://{bucket}/dvc", minio.remote(bucket)), "folder": (str(tmp_path / "remote"), {})}
    found = place_of(*keys[request.param])
    found.set_up()
    return found


def stored(content: bytes, at: Any) -> StoredFile:
    (path := Path("content")).write_bytes(content)
    return StoredFile(sha256=sha256_of(content), md5=digest(path, "md5"), size=len(content), at=at)


@pytest.fixture
def three(place: Place, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Chain:
    """A version with two files, promoted, and a second version."""
    monkeypatch.chdir(tmp_path)
    files = {"model.json": stored(CARD, "registry"), "model.pkl": stored(PICKLE, "dvc")}
    keep(place, CARD)
    place.replace(object_of(place, files["model.pkl"].md5), PICKLE)
    chain = append(place, Chain(), kind="publish", version=1, files=files, **WHO)
    chain = append(place, chain, kind="promote", version=1, to=1, **WHO)
    return append(place, chain, kind="publish", version=2, **WHO)


def object_of(place: Place, md5: str) -> str:
    """Return the key of DVC's object, as `get` takes it."""
    return (
        place.url_of(md5).removeprefix("s3://").partition("/")[2]
        if "s3:" in place.address
        else (os.path.relpath(place.url_of(md5), place.address))
    )


def test_chain_that_was_written_is_read(place: Place, three: Chain) -> None:
    assert read_chain(place) == three
    assert (three.state.champion, three.state.challenger) == (1, 2)
    assert three.events[0].previous is None
    assert three.events[1].previous == sha256_of(place.get(key_of(1)) or b"")


def test_chain_is_read_on_from_what_is_known(place: Place, three: Chain) -> None:
    known = Chain(three.events[:2], three.events[2].previous)
    assert read_chain(place, known) == three
    assert read_chain(place, three) is three
    assert read_chain(place_of(str(Path.cwd()), {})) == Chain()


def test_of_many_writers_of_a_number_one_wins(place: Place, three: Chain) -> None:
    def write(number: int) -> bool:
        try:
            append(place, three, kind="promote", version=2, to=2, **(WHO | {"by": f"writer {number}"}))
        except TakenError:
            return False
        return True

    with ThreadPoolExecutor(MANY) as pool:
        won = list(pool.map(write, range(MANY)))
    assert won.count(True) == 1
    assert read_chain(place).events[-1].by == f"writer {won.index(True)}"


def edited(place: Place) -> None:
    place.replace(key_of(2), (place.get(key_of(2)) or b"").replace(b'"why": "w"', b'"why": "another"'))


def first_edited(place: Place) -> None:
    place.replace(key_of(1), (place.get(key_of(1)) or b"").replace(b'"by": "t"', b'"by": "u"'))


def no_json(place: Place) -> None:
    place.replace(key_of(2), b"{")


def renumbered(place: Place) -> None:
    place.replace(key_of(2), place.get(key_of(3)) or b"")


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (edited, "00000003.json: its `previous` is .* one of them was edited"),
        (first_edited, "00000002.json: its `previous` is .* one of them was edited"),
        (no_json, "00000002.json: the whole: Invalid JSON"),
        (renumbered, "00000002.json: its number is 3"),
    ],
)
@pytest.mark.usefixtures("three")
def test_chain_that_was_changed_is_refused(place: Place, spoil: Callable[[Place], None], said: str) -> None:
    spoil(place)
    with pytest.raises(ChainError, match=said):
        read_chain(place)


def test_missing_number_is_named(place: Place, three: Chain) -> None:
    place.replace(key_of(5), encoded(three.events[2]))
    with pytest.raises(ChainError, match=r"00000004\.json is missing, .*00000005\.json is there"):
        read_chain(place)


def test_versions_files_are_written_verified(place: Place, three: Chain, tmp_path: Path) -> None:
    fetch(place, three.version(1), tmp_path / "to")
    assert {path.name: path.read_bytes() for path in (tmp_path / "to").iterdir()} == {
        "model.json": CARD,
        "model.pkl": PICKLE,
    }
    fetch(place, three.version(1), tmp_path / "some", ["model.json", "codes.json"])
    assert [path.name for path in (tmp_path / "some").iterdir()] == ["model.json"]
    with pytest.raises(LastroError, match="there is no version 7; there is: 1, 2"):
        three.version(7)


def test_flipped_byte_is_refused_and_stored_anew(place: Place, three: Chain, tmp_path: Path) -> None:
    key = FILES + sha256_of(CARD)
    place.replace(key, b"a cart")
    with pytest.raises(ChainError, match=r"model\.json: refused, .* has the sha256"):
        fetch(place, three.version(1), tmp_path / "to")
    assert not (tmp_path / "to").exists()
    keep(place, CARD)
    fetch(place, three.version(1), tmp_path / "to")


def test_missing_object_is_named(place: Place, three: Chain, tmp_path: Path) -> None:
    files = {"model.json": stored(b"never stored", "registry")}
    event = three.version(1).model_copy(update={"files": files})
    with pytest.raises(ChainError, match=f"model.json: {FILES}{sha256_of(b'never stored')} is missing"):
        fetch(place, event, tmp_path / "to")
    files = {"model.pkl": stored(b"never pushed", "dvc")}
    with pytest.raises(ChainError, match=r"model\.pkl: .*files/md5/.* is missing"):
        fetch(place, three.version(1).model_copy(update={"files": files}), tmp_path / "to")


def test_event_is_json_as_the_interface_names_it(place: Place, three: Chain) -> None:
    said = json.loads(place.get(key_of(2)) or b"")
    named = {"number", "kind", "version", "from", "to", "by", "why", "forced", "gates", "files", "time", "previous"}
    assert named <= said.keys()
    assert (said["number"], said["kind"], said["from"], said["to"]) == (2, "promote", None, 1)
    assert three.events[1].short().keys() == said.keys() - {"files"}
