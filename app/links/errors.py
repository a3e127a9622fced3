"""What can be wrong with a request about links."""

from uuid import UUID

from app.errors import AppError


class LinkNotFound(AppError):
    """Absent, or of another owner (R53)."""

    status, code, title = 404, "transfer_not_found", "Transfer not found"
    user_messages = {"pt-BR": "Transferência não encontrada.", "en": "Transfer not found."}

    def __init__(self, link_id: UUID) -> None:
        super().__init__(f"There is no transfer {link_id}.")


class TransactionAlreadyLinked(AppError):
    """One of the two transactions stands confirmed in another pair."""

    status, code, title = 409, "transaction_already_linked", "Transaction already linked"
    user_messages = {
        "pt-BR": "Um dos lançamentos já faz parte de outra transferência confirmada.",
        "en": "One of the transactions is part of another confirmed transfer.",
    }

    def __init__(self, link_id: UUID) -> None:
        super().__init__(
            f"A transaction of the transfer {link_id} is confirmed in another one: reject that one first.",
            action="reject_other",
        )
