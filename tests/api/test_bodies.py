"""What a body may be: its media type, coding and marks, and names that stand there once"""

import gzip
import json
from codecs import BOM_UTF8, BOM_UTF16_BE, BOM_UTF16_LE
from collections.abc import Callable
from typing import Any

import pytest
from starlette.testclient import TestClient

from src.api.bodies import repeated
from tests.api.live import HEADERS

Post = Callable[..., Any]


@pytest.fixture
def post(client: TestClient) -> Post:
    def send(content: bytes, path: str = "/predict", **headers: str) -> Any:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return client.post(path, content=content, headers={"content-type": "application/json"} | HEADERS | named)

    return send


@pytest.fixture
def body(applicant: dict[str, Any]) -> bytes:
    return json.dumps(applicant).encode()


@pytest.mark.parametrize(
    ("media_type", "status"),
    [("application/json", 200), ("Application/JSON", 200), ("application/json; charset=utf-8", 200),
     ("APPLICATION/JSON ;charset=UTF-8", 200), ("application/json-patch+json", 415), ("application/jsonl", 415),
     ("application/json5", 415), ("text/json", 415), ("", 415), ("text/plain; a=application/json", 415)],
)  # fmt: skip
def test_media_type_is_json_in_any_case_and_nothing_that_begins_so(
    post: Post, body: bytes, media_type: str, status: int
) -> None:
    assert post(body, content_type=media_type).status_code == status


@pytest.mark.parametrize("coding", ["gzip", "GZIP", "br", "deflate", "gzip, identity"])
def test_coded_body_is_415_that_names_what_is_read(post: Post, body: bytes, coding: str) -> None:
    for content in (body, gzip.compress(body)):
        answer = post(content, content_encoding=coding)
        assert (answer.status_code, answer.headers["accept-encoding"]) == (415, "identity")
    assert post(body, content_encoding="Identity").status_code == 200


def test_mark_of_utf_8_is_ignored_and_others_are_named(post: Post, body: bytes) -> None:
    assert post(BOM_UTF8 + body).status_code == 200
    assert post(BOM_UTF8 + b'{"applicants":[' + body + b"]}", "/predict/batch").status_code == 200
    assert post(BOM_UTF8 + BOM_UTF8 + body).status_code == 422
    for mark, coding in ((BOM_UTF16_LE, "utf-16-le"), (BOM_UTF16_BE, "utf-16-be")):
        answer = post(mark + body.decode().encode(coding))
        assert (answer.status_code, "UTF-16" in answer.json()["detail"]) == (422, True)


def written(pairs: list[tuple[str, Any]], colon: str = ": ") -> bytes:
    """Return an object as a client without care writes it."""
    return b"{" + b", ".join(f"{json.dumps(name)}{colon}{json.dumps(value)}".encode() for name, value in pairs) + b"}"


@pytest.mark.parametrize("colon", [":", " : ", "\t:\n"])
@pytest.mark.parametrize("first", ["null", '"a: b"', '{"a": [1, {}]}', "9" * 4000, "0.1"])
def test_repeated_name_is_422_that_names_it_whatever_its_value(
    post: Post, applicant: dict[str, Any], first: str, colon: str
) -> None:
    body = written(list(applicant.items()), colon)
    assert post(body).status_code == 200
    for name in applicant:
        escaped = "".join(f"\\u{ord(letter):04x}" for letter in name)
        for again in (name, escaped):
            answer = post(f'{{"{again}"{colon}{first}, '.encode() + body[1:])
            assert answer.status_code == 422
            assert [error["pointer"] for error in answer.json()["errors"]] == [f"#/{name}"]


def test_repeated_name_of_a_batch_is_named_by_its_row(post: Post, applicant: dict[str, Any]) -> None:
    once, name = list(applicant.items()), next(iter(applicant))
    rows = b", ".join([written(once), written([*once, once[0]]), written(once)])
    answer = post(b'{"applicants": [' + rows + b"]}", "/predict/batch")
    assert [error["pointer"] for error in answer.json()["errors"]] == [f"#/applicants/1/{name}"]
    answer = post(b'{"applicants": [], "applicants": [' + written(once) + b"]}", "/predict/batch")
    assert [error["pointer"] for error in answer.json()["errors"]] == ["#/applicants"]


def test_repeated_names_are_found_at_any_depth() -> None:
    text = '{"a": [{"b": 1, "b": {"c": 1}}, [[{"d": {"e": 1, "e": 2}}]]], "b": {"b": 1}, "a": 0}'
    found = list(repeated(json.loads(text, object_pairs_hook=tuple)))
    assert found == [("a", 0, "b"), ("a", 1, 0, 0, "d", "e"), ("a",)]
