import yaml

from src.frontend.lineage import stored, version
from tests.conftest import ROOT


def test_object_is_where_dvc_keeps_it() -> None:
    lock = yaml.safe_load((ROOT / "dvc.lock").read_text())
    (md5,) = [out["md5"] for out in lock["stages"]["ingest"]["outs"] if out["path"].endswith(".parquet")]
    assert stored("s3://lastro/dvc", md5) == f"s3://lastro/dvc/files/md5/{md5[:2]}/{md5[2:]}"
    assert stored(None, md5) is None


def test_version_is_written_as_the_registrys_address() -> None:
    assert version({"name": "credit-score", "version": "3"}) == "models:/credit-score/3"
    assert version({"name": "credit-score", "version": None}) == "not published"
