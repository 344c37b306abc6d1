"""An archive in a real bucket that keeps versions: forgotten there, in every version"""

import pytest

from src.forgetting.archive import archive
from src.forgetting.forget import forget
from src.forgetting.whom import Whom
from src.journal.reader import Reader
from src.lineage.removal import versions
from src.lineage.storage import Bucket
from tests.forgetting.conftest import BEFORE, NOW, OLD, Log
from tests.forgetting.test_forget import SQLITE, words_of
from tests.lineage.conftest import Minio, bucket, minio, minio_program, point

__all__ = ["bucket", "minio", "minio_program"]


@SQLITE
@pytest.mark.usefixtures("address")
def test_no_version_of_an_archive_holds_who_was_forgotten(log: Log, minio: Minio, bucket: str) -> None:
    (log.root / ".dvc" / "config").write_text("[core]\nremote = minio\n")
    point(log.root, minio.remote(bucket))
    made = [*log.write(4, OLD, "old"), *log.write(1, NOW, "new")]
    with log.desk() as desk:
        assert isinstance(desk.place, Bucket)
        desk.place.set_up()
        archive(desk, BEFORE, NOW)
        forget(desk, Whom(prediction=made[1].id), NOW, dry_run=False)
        place = desk.place
    with Reader(log.address, 5.0, place.get) as reader:
        assert reader.find(made[1].id)[0].kept == "forgotten"
        assert reader.find(made[0].id) == [made[0]]
    every = place.client.list_object_versions(Bucket=bucket, Prefix="archive/")
    keys = {one["Key"] for kind in ("Versions", "DeleteMarkers") for one in every.get(kind, ())}  # type: ignore[attr-defined]
    assert keys == {key for (key,) in log.all("SELECT object FROM archives")}
    for key in keys:
        assert len(versions(place.client, bucket, key)) == 1
        assert words_of(made[1])[0] not in (place.get(key) or b"")
