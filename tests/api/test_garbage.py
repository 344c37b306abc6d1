"""The collector of cycles rests while a service lives, and is as it was afterwards"""

import gc

from src.api.garbage import YOUNG, seldom_collected


def looked_through(thing: object) -> bool:
    return any(each is thing for each in gc.get_objects())


def test_what_is_there_is_not_looked_through_and_all_is_as_before_afterwards() -> None:
    before, there = gc.get_threshold(), [object()]
    assert looked_through(there)
    with seldom_collected():
        made = [object()]
        assert gc.get_threshold() == (YOUNG, *before[1:])
        assert (looked_through(there), looked_through(made)) == (False, True)
    assert gc.get_threshold() == before
    assert looked_through(there)


def test_cycles_are_still_found() -> None:
    class Node:
        def __init__(self) -> None:
            self.other = self

    def alive() -> int:
        return sum(isinstance(each, Node) for each in gc.get_objects(generation=None))

    with seldom_collected():
        for _ in range(10 * YOUNG):
            Node()
        assert alive() <= 2 * YOUNG
