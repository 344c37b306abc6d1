"""A reader's key gets objects of its folder from a real MinIO, and nothing else."""

from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from src.lineage.folder import StorageError
from src.lineage.minio_keys import allow, read_key
from src.lineage.storage import Bucket, place_of
from tests.lineage.conftest import PASSWORD, USER, Minio

KEY = ("reader-of-tests", "a-secret-of-these-tests")
MD5 = "0123456789abcdef0123456789abcdef"
EVENT = "registry/credit-score/00000001.json"
OBJECT = f"dvc/files/md5/{MD5[:2]}/{MD5[2:]}"


@pytest.fixture(scope="module")
def reader(minio: Minio) -> Bucket:
    """The bucket as the reader of dvc/ sees it, which holds an object there and one elsewhere."""
    bucket = "for-a-reader"
    owner = place_of(f"s3://{bucket}/dvc", minio.remote(bucket))
    assert isinstance(owner, Bucket)
    owner.set_up()
    for key in (OBJECT, "mlflow/1", EVENT):
        owner.client.put_object(Bucket=bucket, Key=key, Body=b"some bytes")
    allow(minio.url, (USER, PASSWORD), KEY, [f"s3://{bucket}/dvc"], [f"s3://{bucket}/registry"])
    changed = {"access_key_id": KEY[0], "secret_access_key": KEY[1]}
    found = place_of(f"s3://{bucket}/dvc", minio.remote(bucket, **changed))
    assert isinstance(found, Bucket)
    return found


def test_reader_gets_an_object_of_its_folder(reader: Bucket) -> None:
    assert reader.read(MD5) == b"some bytes"


def test_reader_reads_and_lists_the_chain(reader: Bucket) -> None:
    assert reader.get(EVENT) == b"some bytes"
    assert reader.keys("registry/credit-score/") == [EVENT]
    assert reader.keys("registry/credit-score/", after=EVENT) == []


@pytest.mark.parametrize(
    ("call", "arguments"),
    [
        ("put_object", {"Key": OBJECT, "Body": b"other bytes"}),
        ("delete_object", {"Key": OBJECT}),
        ("get_object", {"Key": "mlflow/1"}),
        ("list_objects_v2", {}),
        ("list_objects_v2", {"Prefix": "dvc/"}),
        ("put_object", {"Key": EVENT, "Body": b"other bytes"}),
        ("put_bucket_versioning", {"VersioningConfiguration": {"Status": "Suspended"}}),
    ],
)
def test_reader_may_do_nothing_else(reader: Bucket, call: str, arguments: dict[str, Any]) -> None:
    with pytest.raises(ClientError, match="AccessDenied"):
        getattr(reader.client, call)(Bucket=reader.name, **arguments)
    assert reader.read(MD5) == b"some bytes"


def test_allowing_again_takes_the_new_secret(reader: Bucket, minio: Minio) -> None:
    places = []
    for secret in ("a-first-secret-of-these-tests", "a-second-secret-of-these-tests"):
        allow(minio.url, (USER, PASSWORD), ("changed-reader", secret), [f"s3://{reader.name}/dvc"])
        changed = {"access_key_id": "changed-reader", "secret_access_key": secret}
        places.append(place_of(f"s3://{reader.name}/dvc", minio.remote(reader.name, **changed)))
    with pytest.raises(StorageError, match="wrong credentials"):
        places[0].read(MD5)
    assert places[1].read(MD5) == b"some bytes"


def test_who_is_no_root_makes_no_key(reader: Bucket, minio: Minio) -> None:
    with pytest.raises(StorageError, match="makes no key"):
        allow(minio.url, KEY, ("another-reader", "a-secret-of-these-tests"), [f"s3://{reader.name}/dvc"])


def test_file_that_holds_no_key_is_named(tmp_path: Path) -> None:
    (tmp_path / "credentials").write_text("[default]\naws_access_key_id=a\n")
    with pytest.raises(StorageError, match=r"credentials: no AWS credentials file: 'aws_secret_access_key'"):
        read_key(tmp_path / "credentials")
    (tmp_path / "credentials").write_text("[default]\naws_access_key_id=a\naws_secret_access_key=b\n")
    assert read_key(tmp_path / "credentials") == ("a", "b")
