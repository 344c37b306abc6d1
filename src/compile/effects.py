"""a table of main effects and the encoder before it -> a field's weights and its slope"""

from src.compile.fitted import labels_of, texts_of
from src.model.features import ApplicantEncoder
from src.model.formulas import MainEffects
from src.serving.codes import FieldCode


def sloped(field: FieldCode, encoder: ApplicantEncoder, effects: MainEffects) -> FieldCode:
    """Return the field with its weights, and a number with its slope: where it is missing it has the median's weight.

    A label that the model has not seen, a state and a missing category weigh as the base level.
    """
    name = field.name
    if name in effects.weights:
        *known, base = effects.weights[name]
        states = [base] * (len(labels_of(encoder, name)) - len(known))
        return field.model_copy(update={"weights": [base, *known, *states]})
    if name in encoder.categories or name in texts_of(encoder):
        return field.model_copy(update={"weights": [0.0] * (field.count + 1)})
    slope = effects.slopes.get(name, 0.0)
    typical = slope * encoder.medians_[name]
    weights = [typical, 0.0, *([typical] * (field.count - 1))]
    return field.model_copy(update={"weights": weights, "slope": slope or None})
