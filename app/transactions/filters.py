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


_CATEGORY_ID = "[0-9]{8}|[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}"
CategoryId = Annotated[
    str,
    Field(
        pattern=f"^({_CATEGORY_ID})$",
        examples=["11010000"],
        description="Eight digits are a category of Pluggy's, a UUID is one of the owner's own.",
    ),
]


CategoryOrNone = Annotated[str, Field(pattern=f"^({_CATEGORY_ID}|none)$")]
"""A category, or `none`."""


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
        CategoryOrNone | None,
        Field(
            description="Of this category or of one below it, whoever put them there: `05000000` takes all transfers. "
            "`none`: of no category."
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
        Field(
            min_length=2,
            max_length=100,
            description="The counterparty's name holds this text; case and accents are ignored.",
        ),
    ] = None
    counterparty_id: Annotated[UUID | None, Field(description="With this counterparty.")] = None
    tag: Annotated[str | None, Field(min_length=1, max_length=50, description="With this tag.")] = None
    ignored: Annotated[bool | None, Field(description="Left out of sums, or not.")] = None
    internal: Annotated[
        bool | None,
        Field(description="Between accounts of the owner's own, payments of card bills included; or not."),
    ] = None
    q: Annotated[
        str | None,
        Field(
            pattern=r"^\s*\S(.*\S)\s*$",
            max_length=100,
            description="This text is in the description, the counterparty's name or the note; case and accents are "
            "ignored. Two letters at least.",
        ),
    ] = None

    @field_validator("date_to", "amount_to")
    @classmethod
    def _is_not_before_its_beginning(cls, value: Any, info: ValidationInfo) -> Any:
        name = str(info.field_name).replace("_to", "_from")
        start = info.data.get(name)
        if value is not None and start is not None and value < start:
            raise ValueError(f"This must not be less than {name}.")
        return value


Sort = Literal["-date", "date", "-amount", "amount"]


class TransactionQuery(TransactionFilter):
    """Which rows, and in which order."""

    sort: Annotated[
        Sort,
        Field(description="By day or by amount, from the largest (`-`) or the smallest on; ties in one fixed order."),
    ] = "-date"
