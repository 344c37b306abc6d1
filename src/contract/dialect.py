"""how a text file is written: signs, header, comments (https://datapackage.org/standard/table-dialect/)"""

from typing import Annotated, Literal, Self

from pydantic import AfterValidator, Field, model_validator

from src.contract.rules import Part, refuse


def _one_character(text: str) -> str:
    if len(text) != 1 or not text.isascii():
        raise ValueError("one ASCII character")
    return text


Character = Annotated[str, AfterValidator(_one_character)]


RowNumbers = list[Annotated[int, Field(ge=1)]]
NOT_READ = ("property", "itemType", "itemKeys", "sheetNumber", "sheetName", "table", "caseSensitiveHeader")


class Dialect(Part):
    """How the text file is written (https://datapackage.org/standard/table-dialect/)."""

    delimiter: Character = ","
    header: bool = True
    header_rows: Annotated[RowNumbers, Field(min_length=1)] = Field([1], alias="headerRows")
    header_join: str = Field(" ", alias="headerJoin")
    comment_rows: RowNumbers = Field([], alias="commentRows")
    comment_char: Annotated[str, Field(min_length=1)] | None = Field(None, alias="commentChar")
    line_terminator: Literal["\r\n", "\n", "\r"] | None = Field(None, alias="lineTerminator")
    quote_char: Character = Field('"', alias="quoteChar")
    double_quote: bool = Field(True, alias="doubleQuote")
    escape_char: Character | None = Field(None, alias="escapeChar")
    null_sequence: str | None = Field(None, alias="nullSequence")
    skip_initial_space: bool = Field(False, alias="skipInitialSpace")

    _honoured = model_validator(mode="before")(refuse(NOT_READ, "tables are read from text files and Parquet alone"))

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if not self.header and "header_rows" in self.model_fields_set:
            raise ValueError("headerRows: the dialect says `header: false`")
        if self.header_rows != sorted(set(self.header_rows)):
            raise ValueError("headerRows: each row once, in the order of the file")
        if self.names_header_rows and (both := set(self.header_rows) & set(self.comment_rows)):
            raise ValueError(f"commentRows: row {min(both)} is a row of the header too")
        signs = [self.delimiter, self.quote_char, *([self.escape_char] if self.escape_char else [])]
        if len(set(signs)) < len(signs):
            raise ValueError("delimiter, quoteChar and escapeChar are different signs")
        return self

    @property
    def names_header_rows(self) -> bool:
        """Return whether the header's rows are named; else it is the first row that is no comment."""
        return self.header and self.header_rows != [1]
