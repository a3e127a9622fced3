"""What a client may ask of an export."""

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from app.transactions.filters import TransactionFilter

FileFormat = Literal["csv", "ofx", "jsonl"]
Dialect = Literal["br", "international"]


class ExportRequest(TransactionFilter):
    """The rows of the list under the same filter, and the form of the file."""

    format: Annotated[
        FileFormat,
        Field(description="`csv` for spreadsheets, `ofx` for accounting programs, `jsonl` for programs of your own."),
    ] = "csv"
    dialect: Annotated[
        Dialect | None,
        Field(
            description="Of `csv` alone. `br` (the default): semicolons, decimal commas, DD/MM/YYYY, headings in "
            "Portuguese. `international`: RFC 4180 with commas, decimal points, YYYY-MM-DD, headings in English."
        ),
    ] = None

    @model_validator(mode="after")
    def _has_a_dialect_only_as_csv(self) -> Self:
        if self.dialect is not None and self.format != "csv":
            raise ValueError("Only csv has dialects: leave dialect out.")
        return self

    @property
    def rows(self) -> TransactionFilter:
        """Which rows."""
        return TransactionFilter.model_construct(
            **{name: getattr(self, name) for name in TransactionFilter.model_fields}
        )
