"""What the API shows of insights that are kept."""

from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import ConfigDict, Field

from app.insights.figures import link
from app.insights.models import Insight
from app.schemas import ApiModel

Status = Literal["open", "over"]


class InsightRead(ApiModel):
    """One thing that was found. `kind` is an open enum, and says what `data` holds:

    - `price_rise`: `series_id`, `name`, `date`, `before`, `after`, `currency_code`
    - `possible_duplicate`: `link_id`, `date`, `amount`, `currency_code`
    - `bank_charges` (fees, interest, fines, taxes on credit): `month`, `amount`, `count`, `currency_code`
    - `unusual_spending`: `month`, `category_id`, `amount`, `usual`, `currency_code`
    - `low_balance`: `lowest_balance`, `lowest_on`, `next_income_on`, `currency_code`
    - `stale_connection`: `connection_id`, `since`
    """

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "id": "01990c02-7b11-7a90-8e5d-21f3c4b5a697",
                    "kind": "price_rise",
                    "status": "open",
                    "data": {
                        "series_id": "01990a61-22c8-7d05-b1a4-6f0e7c9d3b12",
                        "name": "Fibra Veloz Telecom",
                        "date": "2026-03-09",
                        "before": "112.00",
                        "after": "119.90",
                        "currency_code": "BRL",
                    },
                    "transactions_url": "/api/banking/transactions/?ids=01990a61-22c8-7d05-b1a4-6f0e7c9d3b12",
                    "first_seen_at": "2026-03-10T02:21:40Z",
                    "last_seen_at": "2026-03-10T02:21:40Z",
                    "dismissed_at": None,
                }
            ]
        }
    )

    id: UUID
    kind: str
    status: Annotated[str, Field(description="`open` while it is so, then `over`; an open enum.")]
    data: dict[str, Any]
    transactions_url: Annotated[str | None, Field(description="Lists the rows behind it, where there are any.")]
    first_seen_at: datetime
    last_seen_at: Annotated[datetime, Field(description="When its data last changed.")]
    dismissed_at: datetime | None


def shown(row: Insight) -> InsightRead:
    """Return what a client sees of an insight."""
    columns = {name: getattr(row, name) for name in InsightRead.model_fields if hasattr(row, name)}
    return InsightRead(**columns, status=row.state, transactions_url=None if row.rows is None else link(row.rows))
