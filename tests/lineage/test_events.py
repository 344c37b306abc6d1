"""What events say together: champion, challenger, where a rollback goes, whatever the history."""

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from src.lineage.events import Event, State, fold, states, step

KINDS = st.sampled_from(("publish", "again", "promote", "rollback", "refuse", "adopt"))
STEPS = st.lists(st.tuples(KINDS, st.integers(0, 30), st.integers(0, 30)), max_size=40)


def event(number: int, kind: Any, version: int, **more: Any) -> Event:
    time = f"2026-01-01T00:{number // 60:02}:{number % 60:02}+00:00"
    return Event(number=number, kind=kind, version=version, by="t", why="w", time=time, **more)


def history(steps: list[tuple[str, int, int]]) -> list[Event]:
    """A history that the commands can write: no event is about a version that was not published."""
    events: list[Event] = []
    for kind, first, second in steps:
        state, number = fold(events), len(events) + 1
        known = sorted(state.versions)
        if kind == "publish" or not known:
            events.append(event(number, "publish", len(known) + 1, form_sha256=f"form {len(known) + 1}"))
            continue
        version, other = known[first % len(known)], known[second % len(known)]
        facts: dict[str, Any] = {"before": state.champion, "to": version}
        if kind == "again":
            events.append(event(number, "publish", version, form_sha256=f"form {version}", git_commit="c"))
        elif kind == "refuse":
            events.append(event(number, "refuse", version, before=state.champion))
        elif kind == "adopt":
            events.append(event(number, kind, version, challenger=None if other == version else other, **facts))
        else:
            events.append(event(number, kind, version, **facts))
    return events


@given(STEPS)
def test_champion_is_who_was_put_there_last_and_no_version_has_two_places(steps: list[tuple[str, int, int]]) -> None:
    events = history(steps)
    state = fold(events)
    put = [each.to for each in events if each.kind in ("promote", "rollback", "adopt")]
    assert state.champion == (put[-1] if put else None)
    assert state.number == len(events)
    assert state.versions.keys() == {each.version for each in events} == state.since.keys() == state.published.keys()
    assert state.challenger is None or state.challenger != state.champion
    assert set(state.aliases.values()) <= state.versions.keys()
    assert state.predecessors.keys() == set(put)


@given(STEPS)
def test_challenger_is_the_newest_version_until_it_is_promoted(steps: list[tuple[str, int, int]]) -> None:
    events = [each for each in history(steps) if each.kind != "adopt"]
    seen: set[int] = set()
    challenger = None
    for each in events:
        if each.kind == "publish" and each.version not in seen:
            challenger = each.version
        elif each.to is not None and each.to == challenger:
            challenger = None
        seen.add(each.version)
    assert fold(events).challenger == challenger


@given(STEPS, st.integers(0, 40))
def test_reading_on_says_what_reading_all_says(steps: list[tuple[str, int, int]], at: int) -> None:
    events = history(steps)
    state = fold(events[:at])
    for each in events[at:]:
        state = step(state, each)
    assert state == fold(events)
    assert states(events) == [fold(events[:number]) for number in range(len(events) + 1)]


@given(STEPS)
def test_rollback_after_rollback_never_returns_to_a_version_that_was_left(steps: list[tuple[str, int, int]]) -> None:
    state, left = fold(history(steps)), set()
    while state.champion is not None and (target := state.predecessors[state.champion]) is not None:
        left.add(state.champion)
        assert target not in left
        state = step(state, event(state.number + 1, "rollback", target, before=state.champion, to=target))


def test_rollback_goes_to_the_champion_before_the_present_one_was_first_promoted() -> None:
    events = [event(1, "publish", 1), event(2, "promote", 1, to=1), event(3, "publish", 2)]
    events += [event(4, "promote", 2, before=1, to=2), event(5, "rollback", 1, before=2, to=1)]
    events += [event(6, "publish", 3), event(7, "promote", 3, before=1, to=3)]
    state = fold(events)
    assert (state.champion, state.challenger) == (3, None)
    assert state.predecessors == {1: None, 2: 1, 3: 1}


def test_since_is_when_a_version_got_its_place() -> None:
    events = [event(1, "publish", 1), event(2, "promote", 1, to=1), event(3, "publish", 2), event(4, "publish", 1)]
    state = fold(events)
    assert {version: time[-8:-6] for version, time in state.since.items()} == {1: "02", 2: "03"}
    assert state.published[1].endswith("01+00:00")
    assert State().aliases == {}
