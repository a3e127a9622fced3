"""What can be wrong with a request about transactions."""

from uuid import UUID

from app.errors import AppError


class TransactionNotFound(AppError):
    """Absent, removed by the bank or with its connection, or of another owner (R53)."""

    status, code, title = 404, "transaction_not_found", "Transaction not found"
    user_messages = {"pt-BR": "Transação não encontrada.", "en": "Transaction not found."}

    def __init__(self, transaction_id: UUID) -> None:
        super().__init__(f"There is no transaction {transaction_id}.")
