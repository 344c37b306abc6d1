"""The one-shot of compose.yaml leaves the image's project as it is and points DVC at the store."""

from pathlib import Path

from ops import pipeline
from src.lineage.storage import Bucket, remote
from tests.conftest import Project


def test_work_happens_on_a_new_copy(tmp_path: Path) -> None:
    (tmp_path / "image").mkdir()
    (tmp_path / "image" / "file").write_text("as built")
    for _ in range(2):
        project = pipeline.copy(tmp_path / "image", tmp_path / "work")
        assert [path.name for path in project.iterdir()] == ["file"]
        (project / "left by a former run").touch()
        (project / "file").write_text("changed")
    assert (tmp_path / "image" / "file").read_text() == "as built"


def test_dvc_reads_the_configuration_of_this_deployment(project: Project, tmp_path: Path) -> None:
    text = pipeline.configuration("http://store:9000", "mine", tmp_path, project.root)
    (project.root / ".dvc" / "config.local").write_text(text)
    place = remote(project.root)
    assert isinstance(place, Bucket)
    assert (place.name, place.prefix, place.options["endpointurl"]) == ("mine", "dvc", "http://store:9000")
    assert project.run("dvc", "cache", "dir").stdout.strip() == str(tmp_path / "cache")


def test_dvc_runs_without_a_history(project: Project, tmp_path: Path) -> None:
    (project.root / ".git").rename(tmp_path / "history")
    text = pipeline.configuration("http://store:9000", "mine", tmp_path, project.root)
    (project.root / ".dvc" / "config.local").write_text(text)
    assert "ingest" in project.run("dvc", "stage", "list").stdout
