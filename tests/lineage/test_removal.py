"""Objects deleted for good, by a real MinIO that keeps versions; what it does not let go of is named with a command"""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from src.lineage import removal
from src.lineage.folder import Folder
from src.lineage.removal import cached, remove
from src.lineage.storage import Bucket, place_of
from tests.lineage.conftest import Minio

KEY = "archive/predictions/one.parquet"
MD5 = "0123456789abcdef0123456789abcdef"


def versions(place: Bucket) -> list[str]:
    return removal.versions(place.client, place.name, KEY)


def test_every_version_of_an_object_goes_and_its_neighbour_stays(minio: Minio, bucket: str) -> None:
    place = place_of(f"s3://{bucket}/dvc", minio.remote(bucket))
    assert isinstance(place, Bucket)
    place.set_up()
    for content in (b"first", b"second"):
        place.replace(KEY, content)
    place.client.delete_object(Bucket=bucket, Key=KEY)
    place.replace(f"{KEY}.neighbour", b"another's")
    assert len(versions(place)) == 3
    assert remove(place, KEY) == []
    assert versions(place) == []
    assert remove(place, KEY) == []
    assert place.get(f"{KEY}.neighbour") == b"another's"


def test_version_that_is_held_is_named_with_its_command(minio: Minio, bucket: str) -> None:
    place = place_of(f"s3://{bucket}/dvc", minio.remote(bucket))
    assert isinstance(place, Bucket)
    place.client.create_bucket(Bucket=bucket, ObjectLockEnabledForBucket=True)
    until = datetime.now(UTC) + timedelta(minutes=9)
    place.client.put_object(
        Bucket=bucket, Key=KEY, Body=b"held", ObjectLockMode="COMPLIANCE", ObjectLockRetainUntilDate=until
    )
    (version,) = versions(place)
    command = f"aws s3api delete-object --bucket {bucket} --key {KEY} --version-id '{version}'"
    assert remove(place, KEY) == [command]
    assert version in versions(place)


def test_command_deletes_outputs_from_the_cache_and_the_remote(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    place = Folder(tmp_path / "objects")
    place.path.mkdir()
    place.create(f"files/md5/{MD5[:2]}/{MD5[2:]}", b"rows")
    here = cached(tmp_path, MD5)
    here.parent.mkdir(parents=True)
    here.write_bytes(b"rows")
    monkeypatch.setattr(removal, "remote", lambda: place)
    monkeypatch.setattr(removal, "ROOT", tmp_path)
    assert removal.main([MD5]) == 0
    assert (place.get_output(MD5), here.exists()) == (None, False)
    assert removal.main([MD5]) == 0
    with pytest.raises(SystemExit, match="2"):
        removal.main(["../secrets"])
    assert "has not 32 digits from 0 to f" in capsys.readouterr().err
