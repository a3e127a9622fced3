"""What a transaction counts as when money is summed up. Each row counts as exactly one thing."""

from enum import StrEnum
from typing import Final

from sqlalchemy import String, literal_column


class CountsAs(StrEnum):
    """Income and spending are summed up; the others are left out, and said to be."""

    INCOME = "income"
    SPENDING = "spending"
    OWN_ACCOUNT_TRANSFER = "own_account_transfer"
    """Between accounts of the owner: paired with its other side, or of the category of such transfers (04)."""

    CARD_PAYMENT = "card_payment"
    """Of a bill of a connected card, whose purchases are counted one by one."""

    INVESTMENT = "investment"
    """Put into an investment or taken out of it (category 03); what an investment yields (0306) is income."""

    IGNORED = "ignored"
    """Left out by its owner, or by a rule of theirs."""


LEFT_OUT: Final = tuple(each for each in CountsAs if each not in {CountsAs.INCOME, CountsAs.SPENDING})

COUNTS_AS: Final = literal_column(
    """
    CASE WHEN transactions.ignored THEN 'ignored'
         WHEN transactions.internal_kind IS NOT NULL THEN transactions.internal_kind
         WHEN transactions.category_id LIKE '04%' THEN 'own_account_transfer'
         WHEN transactions.category_id LIKE '03%' AND transactions.category_id NOT LIKE '0306%' THEN 'investment'
         WHEN transactions.direction = 'IN' THEN 'income'
         ELSE 'spending' END
    """,
    String,
)
