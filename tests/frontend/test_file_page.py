import csv
import io
from collections.abc import Callable
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from src.frontend.answer import escaped
from src.frontend.client import Client
from src.frontend.schema import Field
from src.frontend.table import template
from tests.frontend.conftest import Open
from tests.frontend.pages import button, words
from tests.frontend.service import Service

ROWS = 1200


@pytest.fixture
def content(fields: list[Field]) -> bytes:
    """A file whose rows are all different."""
    head, row = template(fields, decimal_comma=False).decode("utf-8-sig").splitlines()
    (example,) = csv.DictReader(io.StringIO(f"{head}\n{row}"))
    number = next(field for field in fields if field.kind == "integer" and (field.maximum or 0) > 2000)
    text = io.StringIO()
    writer = csv.DictWriter(text, example)
    writer.writeheader()
    writer.writerows({**example, number.name: int(number.minimum or 0) + place} for place in range(ROWS))
    return text.getvalue().encode()


def upload(page: AppTest, content: bytes) -> AppTest:
    return page.file_uploader[0].upload("applicants.csv", content, "text/csv").run()


def test_file_is_scored_in_its_order_and_can_be_downloaded(open_page: Open, content: bytes, client: Client) -> None:
    page = upload(open_page("file_page"), content)
    assert "A file of more than 50 MB is scored where the project is: `python -m src.batch INPUT OUTPUT`" in words(page)
    assert "1,200 rows, without errors" in words(page)
    button(page, "Score the file").click().run()
    assert not page.exception
    found = page.dataframe[0].value
    assert list(found["Line"]) == list(range(2, ROWS + 2))
    rows = list(csv.DictReader(io.StringIO(content.decode())))
    for place in (0, 499, 500, ROWS - 1):
        inputs = client.prediction(found["Prediction id"][place])["inputs"]
        assert {name: str(value) for name, value in inputs.items()} == rows[place]
    assert found["Points"].dtype.kind == "i"
    assert [each.label for each in page.download_button] == ["Template", "Download the results"]


def test_every_error_of_a_file_is_shown_and_nothing_is_sent(
    open_page: Open, content: bytes, client: Client, fields: list[Field]
) -> None:
    before = client.predictions(limit=1)["predictions"]
    choice = next(field for field in fields if field.choices)
    wrong = content.replace(str(choice.example).encode(), b"no such value", 3)
    page = upload(open_page("file_page"), wrong)
    assert "3 errors: nothing was sent" in page.error[0].value
    shown = page.table[0].value
    assert list(shown["Line"]) == ["2", "3", "4"]
    assert set(shown["Column"]) == {escaped(choice.name)}
    assert "Score the file" not in [each.label for each in page.button]
    assert client.predictions(limit=1)["predictions"] == before


def test_file_is_of_applicants_unless_it_is_the_template_alone(
    open_page: Open, content: bytes, client: Client, fields: list[Field]
) -> None:
    for file, purpose in ((template(fields, decimal_comma=False), "what-if"), (content, "application")):
        page = upload(open_page("file_page"), file)
        button(page, "Score the file").click().run()
        newest = client.prediction(page.dataframe[0].value["Prediction id"].iloc[-1])
        assert newest["purpose"] == purpose


def test_number_that_may_be_two_is_said_with_what_to_do(open_page: Open, content: bytes) -> None:
    semicolons = content.replace(b",", b";")
    row = semicolons.splitlines()[1]
    number = next(cell for cell in row.split(b";") if cell.isdigit())
    page = upload(open_page("file_page"), semicolons.replace(number, b"100.000", 1))
    assert "write no mark before thousands" in page.table[0].value["What is wrong"].iloc[0]


def test_only_the_first_hundred_errors_are_shown_and_all_are_counted(
    open_page: Open, content: bytes, fields: list[Field]
) -> None:
    choice = next(field for field in fields if field.choices)
    page = upload(open_page("file_page"), content.replace(str(choice.example).encode(), b""))
    assert len(page.table[0].value) == 100
    assert f"{ROWS:,} errors" in page.error[0].value


def test_unreadable_file_is_a_sentence(open_page: Open) -> None:
    page = upload(open_page("file_page"), "não".encode("latin-1"))
    assert "save it as “CSV UTF-8”" in page.error[0].value


def test_another_file_takes_the_place_of_the_first(open_page: Open, content: bytes) -> None:
    page = upload(open_page("file_page"), b"x")
    assert page.error
    upload(page, content)
    assert not page.error
    assert "1,200 rows, without errors" in words(page)


def test_api_that_goes_away_in_the_middle_loses_nothing_and_going_on_scores_the_rest(
    open_page: Open, content: bytes, server_with: Callable[..., Service], monkeypatch: pytest.MonkeyPatch
) -> None:
    server = server_with()
    page = upload(open_page("file_page", endpoint=server.url), content)
    answered = Client.predict_batch

    def once(self: Client, *asked: Any) -> Any:
        found = answered(self, *asked)
        server.stop()
        return found

    monkeypatch.setattr(Client, "predict_batch", once)
    button(page, "Score the file").click().run()
    assert "Nobody answers" in page.error[0].value
    assert "500 of 1,200 rows are scored" in words(page)
    first = list(page.dataframe[0].value["Prediction id"])
    assert len(first) == 500
    monkeypatch.setattr(Client, "predict_batch", answered)
    server.start()
    button(page, "Go on").click().run()
    found = list(page.dataframe[0].value["Prediction id"])
    assert found[:500] == first
    assert len(set(found)) == ROWS


def test_limit_in_the_middle_is_waited_for(
    open_page: Open, content: bytes, server_with: Callable[..., Service]
) -> None:
    page = upload(open_page("file_page", endpoint=server_with(LASTRO_RATE_LIMIT="2/2seconds").url), content)
    button(page, "Score the file").click().run()
    assert len(page.dataframe[0].value) == ROWS


def test_portuguese_file_has_semicolons_and_decimal_commas(open_page: Open, content: bytes) -> None:
    page = upload(open_page("file_page", locale="pt-BR"), content.replace(b",", b";"))
    assert "1.200 linhas, sem erros" in words(page)
    button(page, "Pontuar o arquivo").click().run()
    assert list(page.dataframe[0].value)[:3] == ["Linha", "Pontos", "PI"]
