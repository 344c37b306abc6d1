from typing import Any

import pytest

from src.frontend.whose import said

INFO: dict[str, Any] = {"card": {"dataset": {"name": "loans", "title": "Loans (old)"}}, "model": {"version": "3"}}


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        (
            {"published": "2026-11-21T15:04:05+00:00"},
            "Model for **Loans \\(old\\)**, version 3, published Nov 21, 2026",
        ),
        ({"published": None}, "Model for **Loans \\(old\\)**, version 3"),
        ({}, "Model for **Loans \\(old\\)**, version 3"),  # an API of the release before
        ({"model": {"version": None}}, "Model for **Loans \\(old\\)**, not published"),
    ],
)
def test_line_says_whose_model_it_is_which_version_and_since_when(changes: dict[str, Any], words: str) -> None:
    assert said(INFO | changes) == words
