import json
import re
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from src.frontend import score_page, served
from src.frontend.client import Client
from src.frontend.schema import Field
from tests.api.deliveries import name_card
from tests.api.live import KEYS
from tests.frontend.conftest import Open
from tests.frontend.pages import button, widget, words
from tests.frontend.service import Service
from tests.ports import free_port

GAP = 32  # pixels of Streamlit's gap "medium"


def scored(page: Any) -> Any:
    button(page, "Example applicant").click().run()
    return button(page, "Score").click().run()


def test_root_opens_on_the_form_of_the_served_fields(open_page: Open, fields: list[Field]) -> None:
    page = open_page()
    assert not page.exception
    shown = {each.label.partition(" (")[0] for each in [*page.number_input, *page.selectbox]}
    assert shown == {field.title for field in fields}


def test_example_applicant_and_score_give_the_apis_own_answer(
    open_page: Open, client: Client, example: dict[str, Any]
) -> None:
    page = scored(open_page())
    expected = client.predict(example)
    said = words(page)
    assert {"approve": "Approve", "decline": "Decline"}[expected["decision"]] in said
    assert f"{expected['probability_of_default']:.1%}" in said
    assert f"Score {expected['score']} on a scale" in said
    assert expected["model"]["sha256"] in said
    recorded = client.prediction(page.code[0].value)
    assert (recorded["inputs"], recorded["score"]) == (example, expected["score"])


def test_click_on_score_that_overtakes_the_example_scores_the_example_and_shows_it(
    open_page: Open, client: Client, example: dict[str, Any]
) -> None:
    page = open_page()
    sent = page._tree.get_widget_states()  # by a browser that has not drawn the example yet
    button(page, "Example applicant").click().run()
    sent.widgets.append(button(page, "Score").click()._widget_state)
    for _ in range(2):
        page._run(sent)
        assert not page.error
        assert client.prediction(page.code[0].value)["inputs"] == example
        assert page.selectbox[0].value is not None
        told = filled(page)
        assert len(told) == len(example)
        assert all(each.proto.set_value for each in told)
    page.run()
    assert not any(each.proto.set_value for each in filled(page))  # what is typed and not sent yet would be lost


def filled(page: Any) -> list[Any]:
    """The form's inputs that hold something."""
    every = [*page.number_input, *page.selectbox, *page.text_input, *page.date_input]
    return [
        each for each in every if each.key and each.key.startswith(f"{score_page.FORM}:") and each.value is not None
    ]


def test_who_clears_what_the_example_has_filled_is_told(open_page: Open) -> None:
    page = button(open_page(), "Example applicant").click().run()
    page.selectbox[0].set_value(None)
    button(page, "Score").click().run()
    assert "is missing" in page.error[0].value


def test_reasons_are_in_plain_words(open_page: Open, client: Client, example: dict[str, Any]) -> None:
    said = words(scored(open_page())).replace("\\", "")
    for reason in client.predict(example)["reasons"]:
        assert f"{reason['title']}: {reason['value']}" in said.replace(",", "")


def test_field_that_is_left_empty_is_named_and_nothing_is_sent(open_page: Open, client: Client) -> None:
    before = client.predictions(limit=1)["predictions"]
    page = button(open_page(), "Score").click().run()
    assert "is missing" in page.error[0].value
    assert not page.code
    assert client.predictions(limit=1)["predictions"] == before


def test_what_if_shows_both_scores_side_by_side(open_page: Open, client: Client, example: dict[str, Any]) -> None:
    page = scored(open_page())
    name = next(key for key, value in example.items() if isinstance(value, int))
    title = next(field.title for field in served.fields() if field.name == name)
    page.selectbox(key=f"whatif:field:{page.code[0].value}").select(name).run()
    assert "still as in the form" in words(page)
    inputs = [each for each in page.number_input if each.label.startswith(title)]
    inputs[-1].set_value(example[name] + 12).run()
    old, new = client.predict(example), client.predict({**example, name: example[name] + 12})
    assert [metric.value for metric in page.metric] == [str(old["score"]), str(new["score"])]
    assert str(abs(new["score"] - old["score"])) in page.metric[1].delta


def test_declined_applicant_is_told_what_would_have_to_change(
    open_page: Open, client: Client, declined: dict[str, Any], example: dict[str, Any]
) -> None:
    page = button(open_page(), "Example applicant").click().run()
    (name,) = [name for name in example if example[name] != declined[name]]
    (input_,) = [each for each in page.number_input if each.key.startswith(f"applicant:{name}:")]
    input_.set_value(declined[name])
    button(page, "Score").click().run()
    assert "What would have to change" in words(page)
    button(page, "Find them").click().run()
    said = words(page)
    asked = int(re.search(r"(\d+) what-ifs were asked", said)[1])  # type: ignore[index]
    newest = client.predictions(limit=asked + 1)["predictions"]
    assert [each["purpose"] for each in newest] == ["what-if"] * asked + ["application"]
    title = next(field.title for field in served.fields() if field.name == name)
    assert re.search(rf"1\. .*{title}: .* → \*\*", said)


def test_answer_stays_in_sight_exactly_where_form_and_answer_stand_side_by_side() -> None:
    style = Path(score_page.__file__).with_name("page.css").read_text()
    (width,) = re.findall(r"@container \(min-width: (\d+)px\)", style)
    assert int(width) == 2 * score_page.HALF + GAP


def test_only_a_form_that_is_no_longer_the_example_is_an_application(
    open_page: Open, client: Client, example: dict[str, Any]
) -> None:
    page = scored(open_page())
    assert client.prediction(page.code[0].value)["purpose"] == "what-if"
    assert any("nobody counts it" in caption.value for caption in page.caption)
    name = next(key for key, value in example.items() if isinstance(value, int))
    (input_,) = [each for each in page.number_input if each.key.startswith(f"applicant:{name}:")]
    input_.set_value(example[name] + 1)
    button(page, "Score").click().run()
    applied = client.prediction(page.code[0].value)
    assert (applied["purpose"], applied["inputs"][name]) == ("application", example[name] + 1)
    assert not any("nobody counts it" in caption.value for caption in page.caption)


def test_answer_stays_while_the_language_changes(open_page: Open) -> None:
    page = scored(open_page())
    answered = page.code[0].value
    page.sidebar.radio[0].set_value("pt-BR").run()
    assert page.code[0].value == answered
    assert "Probabilidade de inadimplência" in words(page)


def test_fields_and_values_are_shown_in_portuguese_and_sent_as_the_api_has_them(
    open_page: Open, client: Client, example: dict[str, Any]
) -> None:
    page = open_page(locale="pt-BR")
    texts = client.model_info()["card"]["translations"]["pt-BR"]
    for name, value in example.items():
        if isinstance(value, str):
            box = widget(page, texts[name]["title"])
            assert texts[name]["categories"][value] in box.options
    button(page, "Solicitante de exemplo").click().run()
    button(page, "Pontuar").click().run()
    assert client.prediction(page.code[0].value)["inputs"] == example


def test_api_that_is_down_is_a_sentence_that_says_what_to_do(open_page: Open) -> None:
    page = open_page(endpoint=f"http://127.0.0.1:{free_port()}")
    assert "start the API (`make run`)" in page.error[0].value
    assert not page.exception


def test_wrong_key_is_a_sentence_that_says_what_to_do(open_page: Open) -> None:
    page = open_page(key="wrong")
    assert "correct `api_key` in .streamlit/secrets.toml" in page.error[0].value
    assert not page.exception


def test_api_that_goes_away_loses_nothing_of_the_form(open_page: Open, server_with: Callable[..., Service]) -> None:
    server = server_with()
    page = open_page(endpoint=server.url)
    button(page, "Example applicant").click().run()
    server.stop()
    button(page, "Score").click().run()
    assert "Nobody answers" in page.error[0].value
    server.start()
    button(page, "Try again").click().run()
    assert page.code
    assert not page.error


def test_limit_is_waited_for_and_then_answered(
    open_page: Open, server_with: Callable[..., Service], monkeypatch: pytest.MonkeyPatch
) -> None:
    page = open_page(endpoint=server_with(LASTRO_RATE_LIMIT="2/3seconds").url)
    waited: list[float] = []
    sleep = __import__("time").sleep
    monkeypatch.setattr("src.frontend.sentences.time.sleep", lambda seconds: (waited.append(seconds), sleep(seconds)))
    button(page, "Example applicant").click().run()
    for _ in range(3):
        button(page, "Score").click().run()
        assert page.code
    assert sum(waited) >= 1


def test_schema_that_changed_under_the_page_is_said_and_drawn_again(
    open_page: Open, server_with: Callable[..., Service], models: Path, tmp_path: Path, example: dict[str, Any]
) -> None:
    server = server_with()
    page = open_page(endpoint=server.url)
    button(page, "Example applicant").click().run()
    server.stop()
    changed = Path(shutil.copytree(models, tmp_path / "changed"))
    name = lower_a_bound(changed / "model.json", example)
    server.models = changed
    server.start()
    button(page, "Score").click().run()
    assert "The service asks for other fields than before" in page.error[0].value
    button(page, "Try again").click().run()
    (input_,) = [each for each in page.number_input if f":{name}:" in each.key]
    assert input_.max == example[name] - 1


def lower_a_bound(path: Path, example: dict[str, Any]) -> str:
    """Set a field's maximum just below the example's value; return the field."""
    card = json.loads(path.read_text())
    feature = next(each for each in card["features"] if each["type"] == "integer")
    feature["maximum"] = example[feature["name"]] - 1
    path.write_text(json.dumps(card))
    name_card(path.parent)
    return str(feature["name"])


def test_page_without_endpoint_and_key_says_where_they_belong(open_page: Open, monkeypatch: pytest.MonkeyPatch) -> None:
    page = open_page()
    monkeypatch.delenv("LASTRO_ENDPOINT")
    monkeypatch.delenv("LASTRO_API_KEY")
    page.run()
    assert "set LASTRO_ENDPOINT and LASTRO_API_KEY" in page.error[0].value
    assert KEYS["web"] not in words(page)
