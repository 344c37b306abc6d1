"""docs/analyst.md -> its words in bold are the page's own"""

import re

from babel.messages.pofile import read_po

from src.frontend.language import LOCALES
from tests.documents import TEXTS

MOST = ("200", "10 000")  # questions of a search, rows of a download


def test_words_in_bold_are_those_of_the_page() -> None:
    with (LOCALES / "pt_BR" / "LC_MESSAGES" / "messages.po").open("rb") as file:
        known = {text for message in read_po(file) for text in (message.id, *[message.id] * 0)}
    said = set(re.findall(r"\*\*([^*]+)\*\*", TEXTS["docs/analyst.md"]))
    assert {words for words in said if words not in known} == set()
