import pytest

from src.frontend import errors
from src.frontend.errors import FailedError, LimitedError, PageError, RefusedError, UnavailableError, Wrong
from src.frontend.sentences import sentence, waiting


def every_error() -> list[PageError]:
    return [
        errors.NotConfiguredError(["endpoint"]),
        errors.UnreachableError("http://api"),
        errors.WrongKeyError(),
        errors.LoginNeededError(),
        errors.WrongPasswordError(),
        errors.NoUsersError(),
        errors.TooManyLoginsError(2),
        errors.ForbiddenError("This wants the scope admin."),
        LimitedError(5),
        UnavailableError(1),
        errors.NotFoundError(),
        errors.UnprovenError("The form that answered is not served here."),
        errors.TooLargeError(),
        errors.SchemaChangedError(),
        RefusedError([Wrong("#/age", "too low")], "1 field is wrong"),
        FailedError(500, "The service failed"),
    ]


@pytest.mark.parametrize("error", every_error(), ids=lambda error: type(error).__name__)
def test_every_error_is_a_sentence_of_its_own(error: PageError) -> None:
    said = sentence(error)
    assert said.endswith(".")
    assert said != str(error)
    assert "Error" not in said


def test_no_kind_of_error_is_forgotten() -> None:
    kinds = {kind for kind in vars(errors).values() if isinstance(kind, type) and issubclass(kind, PageError)}
    assert kinds - {PageError, errors.WaitError} == {type(error) for error in every_error()}


def test_refused_fields_are_named() -> None:
    assert "age: too low" in sentence(RefusedError([Wrong("#/age", "too low")], ""))


@pytest.mark.parametrize(
    ("error", "left", "said"),
    [
        (LimitedError(9), 1, "The limit of requests is reached. It goes on by itself in 1 second."),
        (UnavailableError(9), 9, "The service is busy. It goes on by itself in 9 seconds."),
    ],
)
def test_countdown_says_why_and_how_long(error: LimitedError, left: int, said: str) -> None:
    assert waiting(error, left) == said
