"""Addresses of files, on this machine and in a bucket of a real MinIO."""

import os
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from src.batch import objects, places
from src.errors import LastroError
from src.lineage.storage import Bucket, remote
from tests.conftest import Project
from tests.lineage.conftest import Minio, _small, bucket, minio, minio_program, point, small  # noqa: F401

NAMES = ("b.csv", "a.csv", "a.parquet", ".hidden", "_SUCCESS", "below/c.csv", "below/deep/d.csv")


@pytest.fixture
def in_bucket(
    small: Project,  # noqa: F811  # the fixtures above
    minio: Minio,  # noqa: F811
    bucket: str,  # noqa: F811
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[str]:
    """A bucket that is not DVC's, on the server of DVC's remote."""
    point(small.root, minio.remote(bucket))
    monkeypatch.setattr(objects, "ROOT", small.root)
    place = remote(small.root)
    assert isinstance(place, Bucket)
    place.set_up()
    place.client.create_bucket(Bucket=f"{bucket}-in")
    yield f"s3://{bucket}-in"
    objects.filesystem.cache_clear()
    objects._bucket.cache_clear()


@pytest.fixture(params=["local", "s3"])
def folder(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """An empty folder to write to."""
    return str(tmp_path / "files") if request.param == "local" else f"{request.getfixturevalue('in_bucket')}/files"


def names(address: str, folder: str) -> list[str]:
    return [found.path.removeprefix(f"{folder}/") for found in places.expand(address)]


def test_file_is_written_whole_and_read_again(folder: str) -> None:
    path = places.inside(folder, "rejected", "part.jsonl")
    assert not places.exists(path)
    places.write(path, b"before")
    places.write(path, bytes(range(256)) * 100)
    assert places.exists(path)
    assert places.read(path) == bytes(range(256)) * 100
    with places.seekable(path) as file:
        file.seek(256 * 99 + 7)
        assert file.read(2) == b"\x07\x08"
    with places.stream(path) as file:
        assert (file.read(3), file.read(2)) == (b"\x00\x01\x02", b"\x03\x04")
    places.remove(path)
    places.remove(path)
    assert (places.exists(path), places.below(folder)) == (False, [])


def test_address_is_a_file_a_folder_or_a_pattern(folder: str) -> None:
    for name in NAMES:
        places.write(places.inside(folder, name), name.encode())
    assert places.expand(f"{folder}/a.csv") == [(f"{folder}/a.csv", 5)]
    assert names(folder, folder) == names(f"{folder}/", folder) == ["a.csv", "a.parquet", "b.csv"]
    assert names(f"{folder}/*.csv", folder) == ["a.csv", "b.csv"]
    assert names(f"{folder}/[b-c].*", folder) == ["b.csv"]
    assert names(f"{folder}/**/*.csv", folder) == ["a.csv", "b.csv", "below/c.csv", "below/deep/d.csv"]
    assert names(f"{folder}/b*/?.csv", folder) == ["below/c.csv"]
    assert names(f"{folder}/_*", folder) == ["_SUCCESS"]
    with pytest.raises(LastroError, match="absent: no such file or folder"):
        places.expand(f"{folder}/absent")
    with pytest.raises(LastroError, match="no file is of this pattern"):
        places.expand(f"{folder}/*.zip")
    with pytest.raises(LastroError, match=r"absent\.csv: no such file"):
        places.stream(f"{folder}/absent.csv")


def test_stream_of_a_packed_file_is_its_bytes(folder: str) -> None:
    places.write(f"{folder}/a.csv.gz", b"\x1f\x8b packed")
    with places.stream(f"{folder}/a.csv.gz") as file:
        assert file.read() == b"\x1f\x8b packed"


def test_what_a_killed_writer_left_is_no_file_and_goes(tmp_path: Path) -> None:
    (tmp_path / ".part.parquet.0123.partial").write_bytes(b"half")
    places.write(str(tmp_path / "part.parquet"), b"whole")
    assert [found.path for found in places.below(str(tmp_path))] == [str(tmp_path / "part.parquet")]
    places.tidy(str(tmp_path))
    assert list(tmp_path.iterdir()) == [tmp_path / "part.parquet"]


def test_written_file_is_for_others_as_the_user_lets_it(tmp_path: Path) -> None:
    before = os.umask(0o027)
    try:
        places.write(str(tmp_path / "part"), b"")
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "part").stat().st_mode) == 0o640


def test_address_of_another_kind_is_refused() -> None:
    with pytest.raises(LastroError, match="gs://a/b: files of this machine and s3://bucket/key are read, nothing else"):
        places.expand("gs://a/b")
    with pytest.raises(LastroError, match="s3://: an address in a bucket is s3://bucket/key"):
        places.expand("s3://")


def test_folder_of_folders_says_how_they_are_taken(tmp_path: Path) -> None:
    (tmp_path / "below").mkdir()
    with pytest.raises(LastroError, match=r"holds no file; a pattern, FOLDER/\*\*/\*\.parquet for instance"):
        places.expand(str(tmp_path))


def test_obstacle_of_the_store_is_a_sentence(in_bucket: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(LastroError, match=r"^s3://nowhere-at-all: there is no such bucket$"):
        places.write("s3://nowhere-at-all/part", b"")
    with pytest.raises(LastroError, match=r"^s3://nowhere-at-all: there is no such bucket$"):
        places.stream("s3://nowhere-at-all/part")
    options = objects._bucket(in_bucket[5:]).options
    monkeypatch.setitem(options, "secret_access_key", "another")
    objects._bucket(in_bucket[5:]).__dict__.pop("client", None)
    with pytest.raises(LastroError, match=r"^s3://\S+ at http://\S+: wrong credentials") as caught:
        places.write(f"{in_bucket}/part", b"")
    assert "another" not in str(caught.value)


def test_keys_and_endpoint_of_the_environment_serve_where_dvc_has_none(
    in_bucket: str,
    minio: Minio,  # noqa: F811
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    places.write(f"{in_bucket}/part", b"written")
    objects._bucket.cache_clear()
    objects.filesystem.cache_clear()
    monkeypatch.setattr(objects, "ROOT", tmp_path)
    keys = minio.remote("any")
    monkeypatch.setenv("AWS_ENDPOINT_URL_S3", keys["endpointurl"])
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", keys["access_key_id"])
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", keys["secret_access_key"])
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    assert places.read(f"{in_bucket}/part") == b"written"
    assert [found.path for found in places.expand(in_bucket)] == [f"{in_bucket}/part"]
