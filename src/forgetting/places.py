"""who is to be forgotten -> the other places that hold something of them, and what each says of it

A place is a function of the applicants' numbers, the predictions and whether nothing is to be changed; it returns
sentences, none where it holds nothing. It can be asked again: what is gone already is not there.
"""

from collections.abc import Callable, Sequence

Place = Callable[[Sequence[str], Sequence[str], bool], list[str]]
BEFORE: tuple[Place, ...] = ()  # those from which new predictions could still be made of the applicant
AFTER: tuple[Place, ...] = ()  # projections of the log
