"""who is to be forgotten -> the other places that hold something of them, and what each says of it

A place is a function of the applicants' numbers, the predictions and whether nothing is to be changed; it returns
sentences, none where it holds nothing. It can be asked again: what is gone already is not there.
"""

from collections.abc import Callable, Sequence

from src.forgetting.lake import forget_in_lake

Place = Callable[[Sequence[str], Sequence[str], bool], list[str]]


def forget_features(applicants: Sequence[str], _: Sequence[str], dry_run: bool) -> list[str]:
    """Delete applicants' rows from the feature tables and their files."""
    from src.feature_store.forget import forget

    said = forget(applicants, dry_run=dry_run) if applicants else []
    return [f"features: {sentence}" for sentence in said]


BEFORE: tuple[Place, ...] = (forget_features,)  # those from which new predictions could still be made of the applicant
AFTER: tuple[Place, ...] = (forget_in_lake,)  # projections of the log
