"""Which transactions: the filter that lists share, checked whole before anything is read."""

import re
from decimal import Decimal
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, ValidationInfo, WithJsonSchema, field_validator

from app.schemas import Day, only
from app.transactions.counting import CountsAs

MOST_IDS = 200
_AMOUNT = re.compile(r"-?[0-9]{1,15}(\.[0-9]{1,4})?")


Amount = Annotated[
    Decimal,
    only(_AMOUNT, "This must be a decimal like -1234.56: at most 15 digits before the point and 4 after it."),
    WithJsonSchema({"type": "string", "pattern": rf"^{_AMOUNT.pattern}$"}),
]


class TransactionFilter(BaseModel):
    """Rows that meet every condition given. An id that is not the owner's meets none."""

    model_config = ConfigDict(frozen=True)

    account_id: Annotated[UUID | None, Field(description="Of this account; none when it is not the caller's.")] = None
    connection_id: Annotated[
        UUID | None, Field(description="Of this connection's accounts; none when it is not the caller's.")
    ] = None
    date_from: Annotated[Day | None, Field(description="On this day or later.")] = None
    date_to: Annotated[Day | None, Field(description="On this day or earlier.")] = None
    amount_from: Annotated[
        Amount | None,
        Field(description="Of this amount or more, in the account's currency; negative is money out."),
    ] = None
    amount_to: Annotated[Amount | None, Field(description="Of this amount or less.")] = None
    direction: Annotated[Literal["IN", "OUT"] | None, Field(description="Money in or money out.")] = None
    status: Annotated[
        str | None, Field(pattern="^[A-Z_]{1,40}$", description="`POSTED` or `PENDING`; an open enum.")
    ] = None
    category: Annotated[
        str | None,
        Field(
            pattern="^[0-9]{8}$",
            description="Of this category of Pluggy or of one below it: `05000000` takes all transfers.",
        ),
    ] = None
    currency_code: Annotated[
        str | None, Field(pattern="^[A-Z0-9]{3,10}$", description="In this currency.", examples=["BRL"])
    ] = None
    counts_as: Annotated[
        CountsAs | None,
        Field(description="Counted as this by `insights/`, where each row is counted as exactly one of these."),
    ] = None
    ids: Annotated[
        list[UUID] | None,
        Field(max_length=MOST_IDS, description="One of these: repeat the parameter."),
    ] = None
    counterparty: Annotated[
        str | None,
        Field(min_length=2, max_length=100, description="The counterparty's name holds this text; case is ignored."),
    ] = None

    @field_validator("date_to", "amount_to")
    @classmethod
    def _is_not_before_its_beginning(cls, value: Any, info: ValidationInfo) -> Any:
        name = str(info.field_name).replace("_to", "_from")
        start = info.data.get(name)
        if value is not None and start is not None and value < start:
            raise ValueError(f"This must not be less than {name}.")
        return value

    @property
    def category_prefix(self) -> str | None:
        """What the ids of the category and of those below it begin with: two digits a level, zeros for none."""
        if self.category is None:
            return None
        prefix = self.category
        while len(prefix) > 2 and prefix.endswith("00"):
            prefix = prefix[:-2]
        return prefix
