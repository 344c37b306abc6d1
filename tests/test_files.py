import json
from pathlib import Path

import pytest

from src import files


def test_failed_write_leaves_the_former_file_and_nothing_else(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    files.write_json(path, {"x": 1})
    with pytest.raises(ValueError, match="not JSON compliant"):
        files.write_json(path, {"x": float("nan")})
    with pytest.raises(FileNotFoundError), files.replacing(path) as temporary:
        (temporary / "no folder").write_text("half")
    assert json.loads(path.read_text()) == {"x": 1}
    assert list(tmp_path.iterdir()) == [path]


def test_rounding_reaches_every_float_and_leaves_the_rest() -> None:
    value = {"a": [1 / 3, (2.0, -1e-9)], "b": 7, "c": True, "d": "0.123456789", "e": None}
    assert files.rounded(value) == {"a": [0.333333, [2.0, 0.0]], "b": 7, "c": True, "d": "0.123456789", "e": None}
    assert str(files.rounded(-1e-9)) == "0.0"


def test_digest_is_that_of_the_bytes(tmp_path: Path) -> None:
    files.write_bytes(tmp_path / "new/folder/x", b"lastro")
    assert files.digest(tmp_path / "new/folder/x") == files.sha256_of(b"lastro")
