"""what the lender says of wrong decisions"""

from typing import Annotated

from pydantic import Field

from src.contract.rules import Part


class Costs(Part):
    """What a wrong decision costs, in one unit of the lender's choice."""

    false_accept: Annotated[float, Field(gt=0)]
    false_reject: Annotated[float, Field(gt=0)]
