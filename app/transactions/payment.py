"""A transaction's payment: opened from the vault, and shown without documents to those who may not see them."""

from typing import Annotated, Self

from pydantic import AliasPath, ConfigDict, Field
from pydantic.alias_generators import to_camel
from pydantic.aliases import AliasGenerator

from app.schemas import ApiModel, MoneyText

_STORED = ConfigDict(alias_generator=AliasGenerator(validation_alias=to_camel))
"""The sealed JSON has Pluggy's names."""


class ParticipantRead(ApiModel):
    """Payer or receiver. Without `pii:read` document and account number show their last four characters only."""

    model_config = _STORED

    name: str | None = None
    document_type: Annotated[
        str | None, Field(validation_alias=AliasPath("documentNumber", "type"), description="`CPF` or `CNPJ`.")
    ] = None
    document: Annotated[str | None, Field(validation_alias=AliasPath("documentNumber", "value"))] = None
    branch_number: str | None = None
    account_number: str | None = None
    routing_number: Annotated[str | None, Field(description="The bank's COMPE code.")] = None
    ispb: Annotated[str | None, Field(validation_alias="routingNumberISPB")] = None

    def masked(self) -> Self:
        """Return what may be seen without `pii:read`."""
        hidden = {"document": masked(self.document), "account_number": masked(self.account_number)}
        return self.model_copy(update=hidden)


class BoletoRead(ApiModel):
    """The boleto that was paid."""

    model_config = _STORED

    digitable_line: str | None = None
    barcode: str | None = None
    base_amount: MoneyText | None = None
    interest_amount: MoneyText | None = None
    penalty_amount: MoneyText | None = None
    discount_amount: MoneyText | None = None


class PaymentRead(ApiModel):
    """Who paid whom, and how."""

    model_config = _STORED

    method: Annotated[
        str | None, Field(validation_alias="paymentMethod", description="`PIX`, `TED`, …; an open enum.")
    ] = None
    reason: str | None = None
    reference_number: str | None = None
    receiver_reference_id: str | None = None
    authentication_code: str | None = None
    payer: ParticipantRead | None = None
    receiver: ParticipantRead | None = None
    boleto: Annotated[BoletoRead | None, Field(validation_alias="boletoMetadata")] = None

    def masked(self) -> Self:
        """Return what may be seen without `pii:read`."""
        both = {"payer": self.payer and self.payer.masked(), "receiver": self.receiver and self.receiver.masked()}
        return self.model_copy(update=both)


def masked(value: str | None) -> str | None:
    """Return the text with all but its last four characters hidden."""
    return value and "•" * max(len(value) - 4, 0) + value[-4:]
