"""Names are the header's own, sign by sign; one that differs is refused beside the one that it may mean"""

import re

import pytest

from src.contract.fields import ContractError
from src.contract.header import places_of


@pytest.mark.parametrize(
    ("found", "names", "match", "places"),
    [
        (["Loan (USD)", "empl. title", "größe"], ["größe", "Loan (USD)", "empl. title"], "exact", [2, 0, 1]),
        (["", "b"], ["a", "b"], "exact", [0, 1]),
        (["b", " ", "c"], ["b", "a", "c"], "equal", [0, 1, 2]),
        (["x", "b", "a", "x"], ["a", "b"], "subset", [2, 1]),
        (["b"], ["a", "b"], "superset", [None, 0]),
        (["x", "b"], ["a", "b"], "partial", [None, 1]),
    ],
)  # fmt: skip
def test_fields_are_found_by_name_and_an_empty_name_by_its_place(found, names, match, places) -> None:
    where = places_of(found, names, match)
    assert [where.get(name) for name in names] == places


@pytest.mark.parametrize(
    ("found", "names", "match", "said"),
    [
        (["MonthlyRent", "b"], ["monthly_rent", "b"], "exact", "'monthly_rent' (the nearest in the file: 'Month"),
        (["b ", "a"], ["a", "b"], "exact", "missing column: 'b' (the nearest in the file: 'b '); extra column: 'b '"),
        (["a"], ["a", "telephone"], "exact", "missing column: 'telephone' (the data package lists 2 fields)"),
        (["a", "b", "x"], ["a", "b"], "superset", "extra column: 'x'"),
        (["a", "b", "x"], ["a", "b", "c"], "subset", "missing column: 'c'"),
        (["x", "y"], ["a", "b"], "partial", "missing column: 'a', 'b'"),
        (["a", "b", "a"], ["a", "b"], "subset", "column named twice: 'a'"),
        (["b", "a", ""], ["a", "b"], "exact", "extra column: ''"),
    ],
)  # fmt: skip
def test_header_that_does_not_match_is_refused_with_the_nearest_name(found, names, match, said) -> None:
    with pytest.raises(ContractError, match=re.escape(said)):
        places_of(found, names, match)
