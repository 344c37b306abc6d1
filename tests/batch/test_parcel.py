"""A model's files on another machine are those whose sha256 is named, or they are refused."""

from pathlib import Path

import pytest

from src.batch.parcel import Unpacked, hashes, packed
from src.errors import LastroError


def test_all_that_is_computed_with_travels_and_arrives(model: Path, tmp_path: Path) -> None:
    files = packed(model)
    assert {"export.json", "model.json", "trees.npz", "reference.json"} <= files.keys()
    assert not {"model.pkl", "train_rows.parquet", "test_scores.parquet"} & files.keys()
    unpacked = Unpacked()
    folder = unpacked.folder(files, hashes(files), tmp_path)
    assert packed(folder) == files
    assert unpacked.folder({}, hashes(files), tmp_path) == folder  # what is here need not come again


@pytest.mark.parametrize("files", [{"a": b"1"}, {"a": b"1", "b": b"3"}, {"a": b"1", "b": b"2", "c": b""}])
def test_other_bytes_are_refused_and_not_written(files: dict[str, bytes], tmp_path: Path) -> None:
    with pytest.raises(LastroError, match=r"^[bc]: refused, the sha256 of what came is (None|\w{64}), the task names"):
        Unpacked().folder(files, hashes({"a": b"1", "b": b"2"}), tmp_path)
    assert list(tmp_path.iterdir()) == []
