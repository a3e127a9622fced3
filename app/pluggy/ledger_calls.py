"""Calls about money: accounts, bills, transactions, categories, investments, loans."""

from collections.abc import AsyncGenerator, Sequence
from datetime import date, datetime
from typing import Final
from uuid import UUID

from app.pluggy.calls import Calls, Query, joined, to_api_instant
from app.pluggy.holding_models import Investment, InvestmentTransaction, Loan
from app.pluggy.ledger_models import Account, Balance, Bill, Category, Transaction
from app.pluggy.pages import Page, TransactionSlice, slice_transactions

IDS_PER_CALL: Final = 500


class LedgerCalls(Calls):
    """Every call raises PluggyUnavailable or PluggyRefused, PluggyNotFound for an unknown id."""

    def iter_account_pages(
        self, item_id: UUID, *, account_type: str | None = None
    ) -> AsyncGenerator[Page[Account], None]:
        """Yield pages of an item's accounts. A deleted item has none rather than PluggyNotFound: ask for it first.

        Source: GET /accounts.
        """
        return self._iter_numbered("/accounts", Account, {"itemId": str(item_id), "type": account_type}, page_size=None)

    async def get_account(self, account_id: UUID) -> Account:
        """One account. Source: GET /accounts/{id}."""
        return await self._get(f"/accounts/{account_id}", Account)

    async def get_live_balance(self, account_id: UUID) -> Balance:
        """The balance as the bank tells it now (a monthly quota applies). Source: GET /accounts/{id}/balance."""
        return await self._get(f"/accounts/{account_id}/balance", Balance)

    def iter_bill_pages(self, account_id: UUID) -> AsyncGenerator[Page[Bill], None]:
        """Yield pages of a card's bills. Source: GET /bills."""
        return self._iter_numbered("/bills", Bill, {"accountId": str(account_id)})

    def iter_transaction_pages(
        self,
        account_id: UUID,
        *,
        created_at_from: datetime | None = None,
        date_from: date | None = None,
        date_to: date | None = None,
        after: str | None = None,
    ) -> AsyncGenerator[Page[TransactionSlice], None]:
        """Yield pages of an account's transactions, newest date first, resuming past the cursor `after`.

        Narrow them by ingestion (`created_at_from`) or by day (both inclusive), not by both.
        Raises ValueError for both. Source: GET /v2/transactions.
        """
        if created_at_from is not None and (date_from is not None or date_to is not None):
            raise ValueError("created_at_from excludes date_from and date_to")
        query: Query = {
            "accountId": str(account_id),
            "createdAtFrom": to_api_instant(created_at_from) if created_at_from else None,
            "dateFrom": date_from.isoformat() if date_from else None,
            "dateTo": date_to.isoformat() if date_to else None,
        }
        return self._iter_cursor("/v2/transactions", slice_transactions, query, after)

    async def iter_transaction_pages_by_id(
        self, account_id: UUID, ids: Sequence[UUID]
    ) -> AsyncGenerator[Page[TransactionSlice], None]:
        """Yield pages of those of `ids` that exist; what is missing is gone. Source: GET /v2/transactions."""
        for start in range(0, len(ids), IDS_PER_CALL):
            chunk = joined([str(one) for one in ids[start : start + IDS_PER_CALL]])
            query = {"accountId": str(account_id), "ids": chunk}
            async for page in self._iter_cursor("/v2/transactions", slice_transactions, query):
                yield page

    async def get_transaction(self, transaction_id: UUID) -> Transaction:
        """One transaction. Source: GET /transactions/{id}."""
        return await self._get(f"/transactions/{transaction_id}", Transaction)

    async def set_transaction_category(self, transaction_id: UUID, category_id: str) -> Transaction:
        """The transaction in one of Pluggy's categories. Source: PATCH /transactions/{id}."""
        body = {"categoryId": category_id}
        return await self._write("PATCH", f"/transactions/{transaction_id}", Transaction, body)

    def iter_category_pages(self, *, parent_id: str | None = None) -> AsyncGenerator[Page[Category], None]:
        """Yield pages of Pluggy's categories. Source: GET /categories."""
        return self._iter_numbered("/categories", Category, {"parentId": parent_id}, page_size=None)

    def iter_investment_pages(self, item_id: UUID) -> AsyncGenerator[Page[Investment], None]:
        """Yield pages of an item's investments. Source: GET /investments."""
        return self._iter_numbered("/investments", Investment, {"itemId": str(item_id)})

    def iter_investment_transaction_pages(
        self, investment_id: UUID
    ) -> AsyncGenerator[Page[InvestmentTransaction], None]:
        """Yield pages of an investment's movements. Source: GET /investments/{id}/transactions."""
        return self._iter_numbered(f"/investments/{investment_id}/transactions", InvestmentTransaction, {})

    def iter_loan_pages(self, item_id: UUID) -> AsyncGenerator[Page[Loan], None]:
        """Yield pages of an item's loans. Source: GET /loans."""
        return self._iter_numbered("/loans", Loan, {"itemId": str(item_id)}, page_size=None)
