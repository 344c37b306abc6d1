"""the browser's language and ?lang= -> texts from locales/*.po, numbers, percents and dates of that language"""

import functools
import io
from dataclasses import dataclass
from datetime import datetime
from gettext import GNUTranslations, NullTranslations
from pathlib import Path
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import streamlit as st
from babel import Locale
from babel.dates import format_date, format_datetime
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from babel.numbers import format_decimal, format_percent

LOCALES = Path(__file__).parent / "locales"
NAMES = {"en": "English", "pt-BR": "Português (BR)"}
MINUS = "\N{MINUS SIGN}"
KEY = "lang"  # in the address and in the session


@dataclass(frozen=True)
class Language:
    """A language of the page; `code` is as in browsers and in the API's `translations`."""

    code: str

    @property
    def locale(self) -> Locale:
        """Return Babel's rules for the language."""
        return Locale.parse(self.code, sep="-")

    @property
    def catalogue(self) -> NullTranslations:
        """Return the language's messages."""
        return catalogue(str(self.locale))

    @property
    def decimal_comma(self) -> bool:
        """Say whether spreadsheets of this language write 1,5 and separate columns by semicolons."""
        return bool(self.locale.number_symbols["latn"]["decimal"] == ",")

    def number(self, value: float, digits: int = 0) -> str:
        """Return 1,234.5 with so many digits after the point."""
        return format_decimal(value, "#,##0" + ("." + "0" * digits if digits else ""), locale=self.locale)

    def signed(self, value: float, digits: int = 0) -> str:
        """Return a number with its sign, + too; the minus is a minus."""
        sign = "+" if value > 0 else MINUS if value < 0 else "±"
        return sign + self.number(abs(value), digits)

    def plain(self, value: float) -> str:
        """Return a number as short as it is exact."""
        return format_decimal(value, "#,##0.##########", locale=self.locale)

    def percent(self, value: float, digits: int = 1) -> str:
        """Return 0.125 as 12.5%."""
        return format_percent(value, "#,##0." + "0" * digits + "%", locale=self.locale)

    def day(self, time: datetime, zone: str | None = None) -> str:
        """Return a date, in the browser's zone."""
        return format_date(time.astimezone(zone_of(zone)), "medium", locale=self.locale)

    def moment(self, time: datetime, zone: str | None = None) -> str:
        """Return a date with its time, in the browser's zone."""
        return format_datetime(time, "medium", tzinfo=zone_of(zone), locale=self.locale)


def zone_of(name: str | None) -> ZoneInfo:
    """Return a time zone; UTC where it is not known."""
    try:
        return ZoneInfo(name or "UTC")
    except (ZoneInfoNotFoundError, ValueError):
        return ZoneInfo("UTC")


@functools.cache
def catalogue(locale: str) -> NullTranslations:
    """Return the messages of a locale, compiled in memory; English is what the source says."""
    path = LOCALES / locale / "LC_MESSAGES" / "messages.po"
    if not path.is_file():
        return NullTranslations()
    compiled = io.BytesIO()
    with path.open("rb") as file:
        write_mo(compiled, read_po(file, locale=locale))
    compiled.seek(0)
    return GNUTranslations(compiled)


def nearest(wanted: str | None) -> str:
    """Return the page's language for a browser's: pt-PT is served pt-BR, what is unknown English."""
    if wanted in NAMES:
        return str(wanted)
    family = (wanted or "").partition("-")[0].lower()
    return next((code for code in NAMES if code.partition("-")[0] == family), "en")


def choose() -> None:
    """Draw the switch: first the address's language or the browser's, then what is chosen here and kept there.

    Streamlit's own `bind` would write the label, which no one could type, in place of the code.
    """
    browsers = nearest(st.context.locale)
    if KEY not in st.session_state:
        st.session_state[KEY] = nearest(st.query_params.get(KEY, browsers))
    chosen = st.radio("Language · Idioma", list(NAMES), format_func=NAMES.__getitem__, key=KEY, horizontal=True)
    if st.query_params.get(KEY, browsers) != chosen:
        st.query_params[KEY] = chosen


def current() -> Language:
    """Return the language of this session."""
    return Language(nearest(st.session_state.get(KEY) or st.context.locale))


def _(message: str) -> str:
    """Return a text of the page in the session's language."""
    return current().catalogue.gettext(message)


def many(singular: str, plural: str, number: int) -> str:
    """Return a text that depends on a number, which stands in it as {number}."""
    language = current()
    return language.catalogue.ngettext(singular, plural, number).format(number=language.number(number))
