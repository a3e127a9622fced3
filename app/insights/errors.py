"""What can be wrong with a request about insights."""

from uuid import UUID

from app.errors import AppError


class RangeTooLong(AppError):
    """More months or days than one answer holds."""

    status, code, title = 422, "range_too_long", "Range too long"
    user_messages = {
        "pt-BR": "O período é longo demais. Escolha um menor.",
        "en": "The period is too long. Choose a shorter one.",
    }


class InsightNotFound(AppError):
    """Absent, or of another owner (R53)."""

    status, code, title = 404, "insight_not_found", "Insight not found"
    user_messages = {"pt-BR": "Aviso não encontrado.", "en": "Insight not found."}

    def __init__(self, insight_id: UUID) -> None:
        super().__init__(f"There is no insight {insight_id}.")
