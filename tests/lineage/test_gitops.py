"""A commit that names a version is carried out once, through the gates; what is done by command afterwards stands."""

import pytest

from src.lineage.aliases import StoppedError
from src.lineage.chain import read_chain
from src.lineage.promotion import Reason, put
from tests.lineage.deployed import Deployed, Stand, deployed, stand

__all__ = ["Stand", "deployed", "stand"]


def test_merge_promotes_and_revert_rolls_back_each_by_an_event_that_names_its_commit(
    deployed: Deployed, capsys: pytest.CaptureFixture[str]
) -> None:
    first = deployed.commit(1, "Pin")
    assert deployed.sync() == 0
    second = deployed.commit(2, "Promote version 2")
    assert deployed.sync() == 0
    assert "roc_auc: passed" in capsys.readouterr().out
    deployed.git("revert", "--no-edit", "HEAD")
    third = deployed.git("rev-parse", "HEAD")
    assert deployed.sync() == 0
    assert deployed.events()[1:] == [("promote", 1, 1), ("promote", 2, 2), ("rollback", 1, 1)]
    reasons = [event.why for event in read_chain(deployed.place).events[4:]]
    assert reasons == [
        f"commit {first}, overlay production: Pin",
        f"commit {second}, overlay production: Promote version 2",
        f'commit {third}, overlay production: Revert "Promote version 2"',
    ]
    assert {event.by for event in read_chain(deployed.place).events[4:]} == {"Ann"}
    assert [deployed.sync() for _ in range(2)] == [0, 0]
    assert len(deployed.events()) == 4
    assert f"commit {third[:12]} was carried out before" in capsys.readouterr().out


@pytest.mark.parametrize("pinned", [1, 2])
def test_no_later_sync_undoes_what_was_done_by_command(
    deployed: Deployed, pinned: int, capsys: pytest.CaptureFixture[str]
) -> None:
    """Not even where the overlay named the champion from the first, so that nothing was to be done."""
    deployed.commit(pinned)
    assert deployed.sync() == 0
    other = 3 - pinned
    assert deployed.run(f"rollback --to {other} --why bad") == 0
    assert deployed.sync() == 0
    (deployed.root / "other").write_text("no version")
    deployed.git("add", "other")
    deployed.git("commit", "--quiet", "-m", "Another file")
    assert deployed.sync() == 0
    assert deployed.champion() == other
    assert f"the champion is {other} since, and stays" in capsys.readouterr().out


def test_refused_gate_fails_each_sync_until_another_commit_or_a_person_overrules_it(
    deployed: Deployed, capsys: pytest.CaptureFixture[str]
) -> None:
    commit = deployed.commit(3)
    for _ in range(2):
        assert deployed.sync() == 1
        said = capsys.readouterr().out
        assert "clean_commit: failed: no commit makes it as it is" in said
        assert f"commit {commit}, overlay production" in said
        assert (deployed.champion(), deployed.events()[1:]) == (1, [("refuse", 3, None)])
    assert "each sync fails until another commit changes model.yaml" in said
    assert deployed.run("promote 3 --why known --force") == 0
    assert deployed.sync() == 0
    assert deployed.run("rollback --why bad") == 0
    assert deployed.sync() == 0
    assert deployed.champion() == 1


def test_overlay_without_a_version_follows_the_chain(deployed: Deployed) -> None:
    assert deployed.sync() == 0
    deployed.commit(2)
    assert deployed.sync() == 0
    deployed.commit(None, "Follow the chain")
    assert deployed.sync() == 0
    assert deployed.events() == [("promote", 1, 1), ("promote", 2, 2)]


def test_revert_of_the_first_version_goes_back_to_the_champion_before_and_only_once(deployed: Deployed) -> None:
    deployed.commit(2)
    assert deployed.sync() == 0
    deployed.git("revert", "--no-edit", "HEAD")
    assert deployed.sync() == 0
    assert deployed.events()[1:] == [("promote", 2, 2), ("rollback", 1, 1)]
    assert f"commit {deployed.git('rev-parse', 'HEAD')}, " in read_chain(deployed.place).events[-1].why
    assert deployed.run("rollback --to 2 --why again") == 0
    assert deployed.sync() == 0
    assert deployed.champion() == 2


def test_revert_of_what_was_refused_or_overtaken_changes_nothing(deployed: Deployed) -> None:
    deployed.commit(3)
    assert deployed.sync() == 1
    deployed.git("revert", "--no-edit", "HEAD")
    assert deployed.sync() == 0
    deployed.commit(2)
    assert deployed.sync() == 0
    assert deployed.run("rollback --to 1 --why bad") == 0
    assert deployed.run("rollback --to 2 --why good") == 0
    deployed.git("revert", "--no-edit", "HEAD")
    assert deployed.sync() == 0
    assert deployed.events()[-1] == ("rollback", 2, 2)


def test_revert_of_what_was_refused_does_not_bring_back_what_was_rolled_back_by_command(deployed: Deployed) -> None:
    deployed.commit(2)
    assert deployed.sync() == 0
    assert deployed.run("rollback --to 1 --why bad") == 0
    deployed.commit(3)
    assert deployed.sync() == 1
    deployed.git("revert", "--no-edit", "HEAD")  # the overlay names 2 again
    assert deployed.sync() == 0
    assert deployed.champion() == 1


def test_overlays_of_one_chain_are_told_apart(deployed: Deployed) -> None:
    deployed.commit(2, overlay="staging")
    deployed.commit(2, "Promote")
    assert (deployed.sync("staging"), deployed.sync()) == (0, 0)
    assert deployed.events()[1:] == [("promote", 2, 2), ("promote", 2, 2)]


def test_version_that_is_not_there_is_not_possible_and_leaves_no_event(
    deployed: Deployed, capsys: pytest.CaptureFixture[str]
) -> None:
    deployed.commit(9)
    assert deployed.sync() == 2
    assert "error: there is no version 9; there is: 1, 2, 3" in capsys.readouterr().err
    assert len(deployed.events()) == 1


def test_history_of_another_folder_is_that_which_tells(deployed: Deployed) -> None:
    deployed.git("clone", "--quiet", "--bare", str(deployed.root), str(deployed.root.parent / "history"))
    deployed.commit(2)
    assert deployed.sync("production", "--history", str(deployed.root.parent / "history")) == 0
    assert deployed.champion() == 1


def test_of_two_that_do_the_same_at_once_one_writes(deployed: Deployed) -> None:
    chain = read_chain(deployed.place)
    put(deployed.place, chain, "refuse", 3, Reason("a", "the same"))
    with pytest.raises(StoppedError, match=r"did this for the same reason meanwhile \(the same\)"):
        put(deployed.place, chain, "refuse", 3, Reason("a", "the same"))
