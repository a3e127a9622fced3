"""What can be wrong with a request about counterparties."""

from uuid import UUID

from app.errors import AppError


class CounterpartyNotFound(AppError):
    """Absent, or of another owner (R53)."""

    status, code, title = 404, "counterparty_not_found", "Counterparty not found"
    user_messages = {"pt-BR": "Favorecido ou pagador não encontrado.", "en": "Counterparty not found."}

    def __init__(self, counterparty_id: UUID) -> None:
        super().__init__(f"There is no counterparty {counterparty_id}.")
