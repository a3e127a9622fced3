"""What can be wrong with a request about recurring series."""

from uuid import UUID

from app.errors import AppError


class SeriesNotFound(AppError):
    """Absent, or of another owner (R53)."""

    status, code, title = 404, "recurring_series_not_found", "Recurring series not found"
    user_messages = {"pt-BR": "Recorrência não encontrada.", "en": "Recurring series not found."}

    def __init__(self, series_id: UUID) -> None:
        super().__init__(f"There is no recurring series {series_id}.")
