from collections.abc import Callable
from threading import Thread
from typing import Any

import pytest

from src.frontend.client import Client
from src.frontend.errors import TooLargeError, UnreachableError
from src.frontend.job import Job
from src.frontend.schema import Field
from tests.frontend.conftest import ClientOf
from tests.frontend.service import Service
from tests.ports import free_port


@pytest.fixture
def rows(example: dict[str, Any], fields: list[Field]) -> list[dict[str, Any]]:
    """Applicants that are all different."""
    number = next(field for field in fields if field.kind == "integer" and (field.maximum or 0) > 1000)
    return [{**example, number.name: int(number.minimum or 0) + place} for place in range(230)]


def run(job: Job, client: Client) -> None:
    job.start()
    while job.running and not job.done:
        job.step(client)


def test_all_rows_are_answered_in_their_order(rows: list[dict[str, Any]], client: Client) -> None:
    job = Job(rows, size=50)
    run(job, client)
    assert job.share == 1
    assert [answer["score"] for answer in job.answers] == [a["score"] for a in client.predict_batch(rows)]
    asked = [client.prediction(answer["prediction_id"])["inputs"] for answer in job.answers[::40]]
    assert asked == rows[::40]


def test_stop_keeps_what_was_answered_and_going_on_sends_the_rest_only(
    rows: list[dict[str, Any]], client: Client
) -> None:
    job = Job(rows, size=100)
    job.start()
    job.step(client)
    job.stop()
    job.step(client)
    kept = list(job.answers)
    assert len(kept) == 100
    run(job, client)
    assert job.answers[:100] == kept
    assert len(job.answers) == len(rows)


def test_failure_in_the_middle_keeps_what_was_answered(
    rows: list[dict[str, Any]], client: Client, client_of: ClientOf
) -> None:
    job = Job(rows, size=100)
    job.start()
    job.step(client)
    with pytest.raises(UnreachableError):
        job.step(client_of(f"http://127.0.0.1:{free_port()}"))
    assert len(job.answers) == 100
    run(job, client)
    assert len({answer["prediction_id"] for answer in job.answers}) == len(rows)


def test_two_runs_of_the_page_send_no_row_twice(rows: list[dict[str, Any]], client: Client) -> None:
    job = Job(rows, size=10)
    both = [Thread(target=run, args=(job, client)) for _ in range(2)]
    for one in both:
        one.start()
    for one in both:
        one.join()
    inputs = [client.prediction(answer["prediction_id"])["inputs"] for answer in job.answers[::25]]
    assert len(job.answers) == len(rows)
    assert inputs == rows[::25]


def test_batch_that_is_too_large_is_halved_until_it_fits(
    rows: list[dict[str, Any]], server_with: Callable[..., Service], client_of: ClientOf
) -> None:
    client = client_of(server_with(LASTRO_MAX_BODY_BYTES="20000").url)
    job = Job(rows[:60], size=60)
    run(job, client)
    assert len(job.answers) == 60
    assert job.size < 60


def test_row_that_alone_is_too_large_is_an_error(
    rows: list[dict[str, Any]], server_with: Callable[..., Service], client_of: ClientOf
) -> None:
    job = Job(rows[:3], size=3)
    with pytest.raises(TooLargeError):
        run(job, client_of(server_with(LASTRO_MAX_BODY_BYTES="100").url))


def test_models_that_answered_are_told_apart() -> None:
    answers = [{"model": {"sha256": sha}} for sha in ("a", "a", "b")]
    assert Job([{}] * 3, answers).models == {"a", "b"}
