"""What can be wrong with a request about transactions."""

from collections.abc import Sequence
from uuid import UUID

from app.errors import AppError


class TransactionNotFound(AppError):
    """Absent, removed by the bank or with its connection, or of another owner (R53)."""

    status, code, title = 404, "transaction_not_found", "Transaction not found"
    user_messages = {"pt-BR": "Transação não encontrada.", "en": "Transaction not found."}

    def __init__(self, transaction_id: UUID) -> None:
        super().__init__(f"There is no transaction {transaction_id}.")


class CursorExpired(AppError):
    """What was removed since the cursor is no longer all known, so going on from it could miss a removal."""

    status, code, title = 410, "cursor_expired", "Cursor expired"
    user_messages = {
        "pt-BR": "Faz muito tempo desde a última atualização. Carregue tudo de novo.",
        "en": "It has been too long since the last update. Load everything again.",
    }

    def __init__(self, days: int) -> None:
        super().__init__(f"Cursors are good for {days} days; begin again without one.", action="start_over")


class SomeTransactionsNotFound(AppError):
    """Among the ids of a body are some that are absent, removed or another owner's: nothing was changed (R53)."""

    status, code, title = 404, "transactions_not_found", "Transactions not found"
    user_messages = {
        "pt-BR": "Algumas transações não existem mais. Nada foi alterado.",
        "en": "Some transactions no longer exist. Nothing was changed.",
    }

    def __init__(self, places: Sequence[int]) -> None:
        faults = [{"pointer": f"/body/ids/{place}", "detail": "There is no such transaction."} for place in places]
        super().__init__(f"{len(places)} of the ids are of no transaction; nothing was changed.", errors=faults[:100])


class TooManyTransactions(AppError):
    """A filter takes more rows than may be changed at once."""

    status, code, title = 422, "too_many_transactions", "Too many transactions"
    user_messages = {
        "pt-BR": "São transações demais para alterar de uma vez. Restrinja o período.",
        "en": "These are too many transactions to change at once. Narrow the period.",
    }

    def __init__(self, limit: int) -> None:
        super().__init__(f"The filter takes more than {limit} transactions; narrow it.", action="narrow_filter")
