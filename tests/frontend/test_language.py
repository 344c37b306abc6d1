import ast
from datetime import UTC, datetime

import pytest
from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po

from src.frontend.language import LOCALES, MINUS, NAMES, Language, nearest, zone_of
from tests.conftest import ROOT
from tests.frontend.conftest import Open
from tests.frontend.pages import words

SOURCE = ROOT / "src" / "frontend"
TRANSLATED = [code for code in NAMES if code != "en"]
KEYWORDS = {"_": None, "many": (1, 2)}


def catalogue(code: str) -> Catalog:
    with (LOCALES / code.replace("-", "_") / "LC_MESSAGES" / "messages.po").open("rb") as file:
        return read_po(file, locale=code.replace("-", "_"))


def extracted() -> set[str | tuple[str, ...]]:
    """What `pybabel extract` finds."""
    return {found[2] for found in extract_from_dir(SOURCE, method_map=[("**.py", "python")], keywords=KEYWORDS)}


def called() -> set[str | tuple[str, ...]]:
    """Every text that the source hands to `_` or `many`, wherever it stands."""
    found: set[str | tuple[str, ...]] = set()
    for path in SOURCE.glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in KEYWORDS:
                texts = [part.value for part in node.args if isinstance(part, ast.Constant)]
                assert texts, f"{path.name}:{node.lineno}: only a literal can be translated"
                found.add(str(texts[0]) if node.func.id == "_" else tuple(map(str, texts[:2])))
    return found


def test_the_standard_tool_finds_every_text() -> None:
    assert extracted() == called()


@pytest.mark.parametrize("code", TRANSLATED)
def test_every_text_has_a_translation_and_no_translation_is_left_over(code: str) -> None:
    entries = {message.id: message for message in catalogue(code) if message.id}
    assert set(entries) == called()
    for message in entries.values():
        texts = message.string if isinstance(message.string, tuple) else (message.string,)
        assert all(texts), message.id
        assert not message.fuzzy


@pytest.mark.parametrize("code", TRANSLATED)
def test_translation_names_what_its_text_names(code: str) -> None:
    for message in catalogue(code):
        if isinstance(message.id, str) and message.id:
            assert names(message.id) == names(str(message.string)), message.id


def names(text: str) -> set[str]:
    """What `format` puts into a text."""
    import string

    return {name for _, name, _, _ in string.Formatter().parse(text) if name}


@pytest.mark.parametrize(
    ("wanted", "code"),
    [
        ("pt-BR", "pt-BR"),
        ("pt-PT", "pt-BR"),
        ("pt", "pt-BR"),
        ("en-GB", "en"),
        ("de-DE", "en"),
        (None, "en"),
        ("", "en"),
    ],
)
def test_browsers_language_is_served_by_the_nearest(wanted: str | None, code: str) -> None:
    assert nearest(wanted) == code


def test_numbers_percents_and_dates_follow_the_language() -> None:
    english, portuguese = Language("en"), Language("pt-BR")
    assert (english.number(1234.5, 1), portuguese.number(1234.5, 1)) == ("1,234.5", "1.234,5")
    assert (english.percent(0.1254), portuguese.percent(0.1254)) == ("12.5%", "12,5%")
    assert (english.signed(-3.25, 1), portuguese.signed(4), english.signed(0)) == (f"{MINUS}3.2", "+4", "±0")
    assert (english.plain(2500), portuguese.plain(0.25)) == ("2,500", "0,25")
    time = datetime(2026, 11, 21, 15, 4, 5, tzinfo=UTC)
    assert "Nov 21, 2026" in english.moment(time, "UTC")
    assert "21 de nov. de 2026" in portuguese.moment(time, "America/Sao_Paulo")
    assert "12:04:05" in portuguese.moment(time, "America/Sao_Paulo")


def test_unknown_zone_is_utc() -> None:
    assert [zone_of(name).key for name in ("nowhere", None, "../etc", "Asia/Tokyo")] == [
        "UTC",
        "UTC",
        "UTC",
        "Asia/Tokyo",
    ]


def test_page_speaks_the_browsers_language_until_another_is_chosen(open_page: Open) -> None:
    page = open_page(locale="pt-PT")
    assert "Pontuar um solicitante" in words(page)
    page.sidebar.radio[0].set_value("en").run()
    assert "Score an applicant" in words(page)
    assert page.query_params["lang"] == "en"


def test_language_of_the_address_wins_over_the_browsers(open_page: Open) -> None:
    assert "Pontuar um solicitante" in words(open_page(locale="en-US", lang="pt-BR"))
