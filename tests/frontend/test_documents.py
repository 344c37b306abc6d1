"""docs/analyst.md -> its words in bold are the page's own, its numbers too"""

import re

from babel.messages.pofile import read_po

from src.frontend import changes, fairness, history_file, history_page
from src.frontend.language import LOCALES
from tests.documents import TEXTS

TEXT = " ".join(TEXTS["docs/analyst.md"].split())


def test_words_in_bold_are_those_of_the_page() -> None:
    with (LOCALES / "pt_BR" / "LC_MESSAGES" / "messages.po").open("rb") as file:
        known = {message.id for message in read_po(file)}
    assert {words for words in re.findall(r"\*\*([^*]+)\*\*", TEXT) if words not in known} == set()


def test_numbers_are_those_of_the_page() -> None:
    for number, said in (
        (changes.MOST, "at most {} questions"),
        (fairness.LEAST_RATIO, "below {} it has a sign"),
        (history_page.PAGE, "newest first, {} at a time"),
        (history_file.MOST, "the newest {} at most"),
    ):
        assert said.format(f"{number:,}".replace(",", " ")) in TEXT
