"""What can be wrong with a request about accounts."""

from uuid import UUID

from app.errors import AppError


class AccountNotFound(AppError):
    """Absent, removed with its connection, or of another owner (R53)."""

    status, code, title = 404, "account_not_found", "Account not found"
    user_messages = {"pt-BR": "Conta não encontrada.", "en": "Account not found."}

    def __init__(self, account_id: UUID) -> None:
        super().__init__(f"There is no account {account_id}.")
