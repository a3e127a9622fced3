"""What can be wrong with a request about transactions."""

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
