"""`gates` without a version is of the one that was published from here last."""

from pathlib import Path

import pytest

from src.files import write_json
from src.lineage.lock import LineageError
from src.lineage.publishing import REGISTRATION, published_here
from src.lineage.registry import parser


def test_version_is_that_of_the_registration(tmp_path: Path) -> None:
    assert parser().parse_args(["gates"]).version is None
    assert parser().parse_args(["gates", "2"]).version == 2
    write_json(tmp_path / REGISTRATION, {"version": "7"})
    assert published_here(tmp_path) == 7


def test_where_nothing_was_published_a_version_is_to_be_named(tmp_path: Path) -> None:
    with pytest.raises(LineageError, match=r"models/registry\.json: no such file: `publish` writes it, or name a ver"):
        published_here(tmp_path)
