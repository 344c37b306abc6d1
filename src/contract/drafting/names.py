"""a column's name -> what it says about the column, in English and in words that its neighbours write alike"""

import re
import unicodedata

SPLIT = re.compile(r"(?<=[a-z])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])|(?<=[A-Za-z])(?=\d)|[^A-Za-z0-9]+")

PROTECTED = {
    "sex", "gender", "age", "nationality", "citizenship", "citizen", "foreigner", "foreign", "marital", "married",
    "marriage", "birth", "birthdate", "birthday", "dob", "race", "ethnicity", "ethnic", "religion", "disability",
    "disabled", "pregnant", "pregnancy", "sexo", "genero", "idade", "edad", "nacionalidade", "nacionalidad", "civil",
    "nascimento", "nacimiento", "raca", "geschlecht", "alter", "familienstand", "nationalitat", "geburtsdatum",
    "geburtsjahr", "sexe", "nationalite", "naissance", "matrimonial",
}  # fmt: skip
PROTECTED_PAIRS = ({"national", "origin"}, {"personal", "status"}, {"family", "status"}, {"country", "origin"})
NOT_OF_PEOPLE = {
    "account", "acct", "accounts", "asset", "building", "business", "car", "collateral", "company", "contract",
    "credit", "employment", "engine", "file", "firm", "history", "home", "house", "job", "line", "loan", "oldest",
    "newest", "product", "property", "trade", "vehicle", "currency", "exchange",
}  # fmt: skip
AFTERWARDS = {
    "chargeoff", "chargeoffs", "chargedoff", "writeoff", "writeoffs", "writtenoff", "recovery", "recoveries",
    "recovered", "recoverable", "settlement", "settled", "foreclosure", "foreclosed", "repossessed",
    "repossession", "lgd", "outcome",
}  # fmt: skip
AFTERWARDS_PAIRS = (
    {"written", "off"}, {"write", "off"}, {"charged", "off"}, {"charge", "off"}, {"default", "date"},
    {"date", "defaulted"}, {"default", "amount"}, {"default", "reason"}, {"default", "day"}, {"collection", "fee"},
    {"collection", "recovery"}, {"last", "payment"}, {"next", "payment"}, {"last", "pymnt"}, {"next", "pymnt"},
    {"total", "paid"}, {"total", "repaid"}, {"amount", "repaid"}, {"total", "payment"}, {"total", "pymnt"},
    {"received", "principal"}, {"received", "interest"}, {"received", "fees"}, {"outstanding", "principal"},
    {"out", "prncp"}, {"rec", "prncp"}, {"rec", "int"}, {"final", "status"}, {"closed", "date"}, {"close", "date"},
    {"loss", "given"}, {"loss", "amount"}, {"legal", "action"},
)  # fmt: skip
BEFORE = {"previous", "prior", "past", "earlier", "other", "prev", "poutcome", "before", "history", "ever"}
APPLIED = (
    "application",
    "applied",
    "apply",
    "submitted",
    "submission",
    "request",
    "requested",
    "antrag",
    "solicitacao",
)
GRANTED = (
    "issue",
    "issued",
    "origination",
    "originated",
    "granted",
    "approval",
    "approved",
    "disbursement",
    "disbursed",
    "funded",
    "contract",
    "booked",
)
IDENTIFIER = {"id", "ids", "uuid", "guid", "identifier", "rowid", "index", "key", "number", "no", "nr", "num", "serial"}
POSTAL = {"zip", "zipcode", "postal", "postcode", "plz", "cep"}
NAMING = {
    "branch", "code", "codes", "sic", "naics", "fips", "iban",
    "bic", "agency", "district", "county", "region", "state", "type", "category", "class", "segment", "cluster",
    "channel", "phone", "telephone", "filiale", "codigo", "cod", "tipo", "kod",
}  # fmt: skip


def words(name: str) -> list[str]:
    """Return the words of a name in lower case and without accents.

    >>> words("MonthlyRent"), words("amount_written.off"), words("Idade média")
    (['monthly', 'rent'], ['amount', 'written', 'off'], ['idade', 'media'])
    """
    plain = unicodedata.normalize("NFKD", name.replace("ß", "ss"))
    plain = "".join(sign for sign in plain if not unicodedata.combining(sign))
    return [word.lower() for word in SPLIT.split(plain) if word]


def tokens(name: str) -> set[str]:
    """Return the words of a name, in no order."""
    return set(words(name))


def is_protected(name: str) -> bool:
    """Say whether a name is that of a trait on which a decision may not rest: sex, age, origin, marital status."""
    found = tokens(name)
    if found & NOT_OF_PEOPLE:
        return False
    return bool(found & PROTECTED) or any(pair <= found for pair in PROTECTED_PAIRS)


def is_afterwards(name: str) -> bool:
    """Say whether a name is that of something known only after the decision, such as `amount_written_off`."""
    found = tokens(name)
    if found & BEFORE:
        return False
    return bool(found & AFTERWARDS) or any(pair <= found for pair in AFTERWARDS_PAIRS)


def is_identifier(name: str) -> bool:
    """Say whether a name ends as the names of numbers of rows, persons and contracts do; an empty one does too."""
    found = words(name)
    return not found or found[-1] in IDENTIFIER or re.fullmatch(r"unnamed|rownames|field1", "".join(found)) is not None


def names_things(name: str) -> bool:
    """Say whether numbers under this name stand for things, as a ZIP or a branch do, and are no amounts."""
    found = words(name)
    return bool(found) and (found[-1] in NAMING or bool(POSTAL & set(found)))


def time_rank(name: str) -> int | None:
    """Return how likely a date under this name is the application's, 0 the likeliest; None where nothing says so."""
    found = tokens(name)
    if found & {"end", "maturity", "birth", "last", "next", "first", "closed"}:
        return None
    return next((rank for rank, word in enumerate(APPLIED + GRANTED) if word in found), None)
