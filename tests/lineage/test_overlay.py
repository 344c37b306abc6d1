"""Which version an overlay's model.yaml names, and by which commit, in real histories."""

from pathlib import Path

import pytest

from src.lineage.lock import LineageError
from src.lineage.overlay import naming, order_of, version_in
from src.lineage.settings import Settings
from tests.lineage.deployed import Deployed, model_yaml


@pytest.fixture
def repository(tmp_path: Path) -> Deployed:
    """A repository without a chain, whose overlay names version 1."""
    found = Deployed(tmp_path / "project", Settings(state=tmp_path))
    found.root.mkdir()
    found.git("init", "--quiet", "-b", "main")
    found.commit(1, "Begin")
    return found


def commit_of(repository: Deployed) -> str:
    order = order_of(repository.root, "production")
    assert order
    return order.commit


@pytest.mark.parametrize(
    ("annotation", "version"),
    [('lastro/version: "3"', 3), ("'lastro/version': '12'  # why", 12), ("other: x", None), ("{}", None)],
)
def test_file_names_a_version_or_none(annotation: str, version: int | None) -> None:
    text = model_yaml(1).replace('lastro/version: "1"', annotation)
    assert version_in("model.yaml", text) == version
    if annotation != "other: x":
        assert version_in("model.yaml", naming("model.yaml", f"# kept\n{text}", 4)) == 4
        assert naming("model.yaml", f"# kept\n{text}", 4).startswith("# kept\n")


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (model_yaml(1).replace('"1"', "1"), 'a version in quotation marks, as in lastro/version: "3"'),
        (model_yaml(1).replace('"1"', '"v1"'), "lastro/version is 'v1'"),
        (model_yaml(1).replace("name: api", "name: page"), "a patch of the Deployment `api`"),
        ("a: [", "m.yaml: not YAML"),
    ],
)
def test_file_that_is_none_is_refused_by_name(text: str, says: str) -> None:
    with pytest.raises(LineageError) as refused:
        version_in("m.yaml", text)
    assert says in str(refused.value)
    assert str(refused.value).startswith("m.yaml: ")


@pytest.mark.parametrize(
    "text",
    [
        f"{model_yaml(None)}spec:\n  replicas: 3\n",
        model_yaml(1).replace('\n        lastro/version: "1"', ' {lastro/version: "1"}'),
    ],
)
def test_what_else_is_patched_is_never_lost(text: str) -> None:
    with pytest.raises(LineageError, match=r"model.yaml: .*spec\.template\.metadata\.annotations"):
        naming("model.yaml", text, 4)


def test_order_is_of_the_commit_that_wrote_the_version_not_of_the_merge(repository: Deployed) -> None:
    first = commit_of(repository)
    repository.git("checkout", "--quiet", "-b", "promote")
    second = repository.commit(2, "Promote")
    repository.git("checkout", "--quiet", "main")
    (repository.root / "other").write_text("no version")
    repository.git("add", "other")
    repository.git("commit", "--quiet", "-m", "Another file")
    assert commit_of(repository) == first
    repository.git("merge", "--quiet", "--no-ff", "-m", "Merge", "promote")
    assert order_of(repository.root, "production") == ("production", 2, 1, second, "Ann", "Promote")
    repository.git("revert", "--no-edit", "-m", "1", "HEAD")
    order = order_of(repository.root, "production")
    assert order
    assert (order.version, order.commit) == (1, repository.git("rev-parse", "HEAD"))


def test_version_is_taken_away_by_a_revert_and_left_to_the_chain_by_any_other_commit(repository: Deployed) -> None:
    repository.commit(None, "Follow the chain")
    assert order_of(repository.root, "production") is None
    repository.commit(4, "Promote")
    repository.git("revert", "--no-edit", "HEAD")
    commit = repository.git("rev-parse", "HEAD")
    assert order_of(repository.root, "production") == ("production", None, 4, commit, "Ann", 'Revert "Promote"')


def test_bare_clone_tells_the_same_and_a_shallow_one_is_refused(repository: Deployed, tmp_path: Path) -> None:
    expected = order_of(repository.root, "production")
    repository.commit(5, overlay="staging")
    repository.git("clone", "--quiet", "--bare", str(repository.root), str(tmp_path / "bare"))
    assert order_of(tmp_path / "bare", "production") == expected
    repository.git("clone", "--quiet", "--depth", "1", f"file://{repository.root}", str(tmp_path / "shallow"))
    with pytest.raises(LineageError, match="a shallow clone does not tell which commit"):
        order_of(tmp_path / "shallow", "production")


@pytest.mark.parametrize(("overlay", "says"), [("nowhere", "no such file in the commit"), ("../x", "the name of a")])
def test_overlay_that_is_none_is_a_sentence(repository: Deployed, overlay: str, says: str) -> None:
    with pytest.raises(LineageError, match=says):
        order_of(repository.root, overlay)
