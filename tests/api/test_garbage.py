"""The collector of cycles rests while a service lives, and is as it was afterwards"""

import gc
import subprocess
import sys
from collections.abc import Callable
from typing import Any

import httpx
import pytest
from uvicorn.protocols.http.httptools_impl import RequestResponseCycle

from src.api.garbage import YOUNG, seldom_collected, uncollected
from src.api.main import create_app
from src.api.settings import Settings
from tests.api.live import HEADERS, served
from tests.conftest import ROOT

MADE_AT_REST = """
import gc
from src.api.garbage import uncollected

gc.collect()
passes = []
gc.callbacks.append(lambda phase, info: passes.append(phase))
with uncollected():
    assert not gc.isenabled()
    made = [[] for _ in range(100_000)]
    with uncollected():
        pass
    assert not gc.isenabled()
assert gc.isenabled() and gc.get_freeze_count() == 0
young = gc.get_objects(generation=0)
assert passes == [] and len(young) < 1000, (passes, len(young))
del made[1:], young
ring = made[0]
ring.append(ring)
del ring, made
assert gc.collect() == 1
"""


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


def test_what_is_made_at_rest_is_not_looked_through_and_is_collected_all_the_same() -> None:
    subprocess.run([sys.executable, "-c", MADE_AT_REST], cwd=ROOT, check=True)


def test_what_rested_or_was_frozen_before_stays_so() -> None:
    assert gc.isenabled()
    there = gc.get_freeze_count()
    gc.freeze()
    try:
        with uncollected():
            pass
        assert gc.get_freeze_count() > there
    finally:
        if not there:
            gc.unfreeze()


@pytest.mark.parametrize("body", ["applicant", "wrong", "long"])
def test_answered_request_leaves_nothing_for_the_collector(
    settings_with: Callable[..., Settings], applicant: dict[str, Any], body: str
) -> None:
    """uvicorn, the layers, the route: a ring of what a request holds would wait there for thousands of others."""
    sent = {"applicant": applicant, "wrong": {**applicant, "age_years": "x"}, "long": {"a": "b" * 100_000}}[body]
    app = create_app(settings_with(max_body_bytes=50_000))
    with served(app) as port, httpx.Client(base_url=f"http://127.0.0.1:{port}", headers=HEADERS) as client:
        client.post("/predict", json=sent)
        gc.collect()
        gc.disable()
        try:
            statuses = {client.post("/predict", json=sent).status_code for _ in range(20)}
            kept = sum(isinstance(each, RequestResponseCycle) for each in gc.get_objects())
        finally:
            gc.enable()
    assert statuses == {{"applicant": 200, "wrong": 422, "long": 413}[body]}
    assert kept <= 2  # the connection's newest
