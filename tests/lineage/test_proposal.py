"""`promote N --gitops` writes a branch of one commit, and neither the checkout nor the chain."""

import json
from typing import Any

import pytest

from tests.lineage.deployed import Deployed, Stand, deployed, model_yaml, stand

__all__ = ["Stand", "deployed", "stand"]
PATH = "deploy/kubernetes/overlays/production/model.yaml"


def proposed(deployed: Deployed, capsys: pytest.CaptureFixture[str], command: str, code: int = 0) -> Any:
    """Return what a command answers in JSON."""
    capsys.readouterr()
    assert deployed.run(f"{command} --json") == code
    return json.loads(capsys.readouterr().out)


def test_branch_names_the_version_and_its_merge_promotes(
    deployed: Deployed, capsys: pytest.CaptureFixture[str]
) -> None:
    head = deployed.git("rev-parse", "HEAD")
    deployed.file().write_text("edited")
    found = proposed(deployed, capsys, "promote 2 --gitops --why drift")
    assert (found["branch"], found["event"], found["overlay"]) == ("promote-production-2", "promote", "production")
    assert {gate["name"]: gate["passed"] for gate in found["gates"]}["roc_auc"] is True
    assert deployed.git("diff", "--name-only", head, found["commit"]) == PATH
    assert deployed.git("show", f"{found['branch']}:{PATH}") == model_yaml(2).strip()
    assert deployed.git("log", "-1", "--format=%s / %b", found["branch"]).startswith(
        "Promote version 2 in production / drift\n"
    )
    assert (deployed.git("rev-parse", "HEAD"), deployed.file().read_text()) == (head, "edited")
    assert deployed.git("status", "--porcelain", "--untracked-files=no") == f"M {PATH}"
    assert deployed.events() == [("promote", 1, 1)]
    assert proposed(deployed, capsys, "promote 2 --gitops")["commit"] == found["commit"]
    deployed.git("checkout", "--quiet", "--force", "main")
    deployed.git("merge", "--quiet", "--no-ff", "-m", "Merge", found["branch"])
    assert deployed.sync() == 0
    assert deployed.champion() == 2


def test_branch_that_was_merged_makes_room_and_one_that_differs_is_kept(
    deployed: Deployed, capsys: pytest.CaptureFixture[str]
) -> None:
    deployed.commit(1)
    first = proposed(deployed, capsys, "promote 2 --gitops")
    deployed.git("merge", "--quiet", first["branch"])
    deployed.git("revert", "--no-edit", "HEAD")
    second = proposed(deployed, capsys, "promote 2 --gitops")
    assert deployed.git("rev-parse", first["branch"]) == second["commit"] != first["commit"]
    deployed.git("branch", "--force", first["branch"], "HEAD")
    deployed.commit(3)
    deployed.git("checkout", "--quiet", first["branch"])
    deployed.commit(3, "Of somebody else")
    deployed.git("checkout", "--quiet", "main")
    assert deployed.run("promote 2 --gitops") == 2
    assert "`git branch -D promote-production-2` removes it" in capsys.readouterr().err


def test_version_that_served_before_is_rolled_back_to_without_gates(
    deployed: Deployed, capsys: pytest.CaptureFixture[str]
) -> None:
    deployed.commit(2, overlay="staging")
    deployed.sync("staging")
    found = proposed(deployed, capsys, "promote 1 --gitops staging")
    assert (found["event"], found["gates"], found["branch"]) == ("rollback", [], "promote-staging-1")


@pytest.mark.parametrize(
    ("command", "code", "says"),
    [
        ("promote 3 --gitops", 1, "no branch was written"),
        ("promote 9 --gitops", 2, "there is no version 9"),
        ("promote 2 --gitops nowhere", 2, "overlays/nowhere/model.yaml: no such file"),
        ("promote 2 --gitops --force", 2, "--force: what is merged is put to the gates"),
        ("promote 2", 2, "--why: say why"),
    ],
)
def test_what_cannot_be_proposed_writes_no_branch(
    deployed: Deployed, command: str, code: int, says: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert deployed.run(command) == code
    assert says in "".join(capsys.readouterr())
    assert deployed.git("branch", "--format=%(refname:short)") == "main"


def test_version_that_is_named_already_is_nothing_to_merge(
    deployed: Deployed, capsys: pytest.CaptureFixture[str]
) -> None:
    deployed.commit(2)
    assert deployed.run("promote 2 --gitops") == 2
    assert "names version 2 already, so that there is nothing to merge; the champion is 1" in capsys.readouterr().err
