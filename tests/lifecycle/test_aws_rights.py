"""What the template lets tasks do with the bucket is enough for their commands and no more: MinIO keeps to it too"""

import json
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError
from minio import MinioAdmin
from minio.credentials.providers import StaticProvider

from src.lineage.chain import read_chain
from src.lineage.registry import main
from src.lineage.settings import Settings
from src.lineage.storage import place_of, remote
from tests.aws.template import text_of
from tests.aws.test_definitions import statements
from tests.conftest import Project
from tests.lineage.conftest import (
    PASSWORD,
    USER,
    Minio,
    _small,
    bucket,
    commit,
    minio,
    minio_program,
    point,
    settings,
    small,
)
from tests.lineage.pushed import md5_of, versions

__all__ = ["_small", "bucket", "minio", "minio_program", "settings", "small"]
pytestmark = pytest.mark.lifecycle


def key_of(role: str, minio: Minio, bucket: str) -> dict[str, str]:
    """Return a key that may do with the bucket what a role may."""
    allowed = [each for each in statements(role) if "s3:" in str(each["Action"])]
    text = json.dumps([each | {"Resource": resources(each["Resource"], bucket)} for each in allowed], default=dict)
    policy = {"Version": "2012-10-17", "Statement": json.loads(text)}
    server = MinioAdmin(
        endpoint=minio.url.removeprefix("http://"), credentials=StaticProvider(USER, PASSWORD), secure=False
    )
    server.add_service_account(access_key=role, secret_key=f"secret-of-{role}", policy=policy)
    return {"access_key_id": role, "secret_access_key": f"secret-of-{role}"}


def resources(named: Any, bucket: str) -> list[str]:
    """Return the addresses that a statement names in this bucket."""
    each = named if isinstance(named, list) else [named]
    whole = [text_of(one).replace("${Bucket.Arn}", f"arn:aws:s3:::{bucket}") for one in each]
    return [f"arn:aws:s3:::{bucket}" if "GetAtt" in one else one for one in whole]


def refused(minio: Minio, bucket: str, key: dict[str, str], *keys: str) -> set[str]:
    """Return what S3 answers to one who writes there."""
    names = {f"aws_{name}": value for name, value in key.items()}
    client = boto3.client("s3", endpoint_url=minio.url, region_name="us-east-1", **names)  # type: ignore[call-overload]
    said = set()
    for one in keys:
        try:
            client.put_object(Bucket=bucket, Key=one, Body=b"x")
        except ClientError as error:
            said.add(error.response["Error"]["Code"])
        else:
            said.add("written")
    return said


def test_training_pushes_and_publishes_and_the_follower_brings_it(
    small: Project, minio: Minio, bucket: str, settings: Settings
) -> None:
    point(small.root, minio.remote(bucket))
    remote(small.root).set_up()  # the stack's own work
    training = key_of("TrainingTask", minio, bucket)
    point(small.root, minio.remote(bucket, **training))
    commit(small)
    small.run("dvc", "push")
    assert main(["publish"], small.root, settings) == 0
    assert (versions(settings), main(["verify"], small.root, settings)) == (1, 0)

    follower = key_of("ApiTask", minio, bucket)
    place = place_of(f"s3://{bucket}/dvc", {"endpointurl": minio.url, "region": "us-east-1", **follower})
    assert read_chain(place).state.champion == 1
    assert place.read(md5_of(small)) == (small.root / "models/model.pkl").read_bytes()
    assert refused(minio, bucket, training, "lake/x", "athena/x", "archive/x", "x") == {"AccessDenied"}
    assert refused(minio, bucket, follower, "dvc/x", "registry/x", "mlflow/x") == {"AccessDenied"}
