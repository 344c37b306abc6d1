"""an encoder without bins -> which field each column of its matrix is of, and the columns that a number has"""

from src.model.features import ApplicantEncoder, StatefulEncoder


def field_of_columns(encoder: ApplicantEncoder) -> list[str]:
    """Return the field of each column of a matrix without bins: a number's flags are of it."""
    states = encoder.states if isinstance(encoder, StatefulEncoder) else {}
    columns = {name: 1 + len(states.get(name, [])) + (name in encoder.optional) for name in encoder.numeric}
    named = [name for name, count in columns.items() for _ in range(count)]
    return [*named, *encoder.categories, *(encoder.texts if isinstance(encoder, StatefulEncoder) else [])]


def number_columns(encoder: ApplicantEncoder, name: str, value: float | None, state: str | None = None) -> list[float]:
    """Return a number's columns of a matrix without bins; None: there is none, for the reason `state` or for none."""
    stateful = isinstance(encoder, StatefulEncoder)
    states, seen = (encoder.states.get(name, []), encoder.seen_.get(name, [])) if stateful else ([], [])
    flags = [float(other == state and state in seen) for other in states]
    missing = [float(value is None and not any(flags))] if name in encoder.optional else []
    return [encoder.medians_[name] if value is None else value, *flags, *missing]
