"""What can be wrong with a request about sync runs."""

from uuid import UUID

from app.errors import AppError


class SyncRunNotFound(AppError):
    """Absent or of another owner."""

    status, code, title = 404, "sync_run_not_found", "Sync run not found"
    user_messages = {"pt-BR": "Sincronização não encontrada.", "en": "Sync run not found."}

    def __init__(self, run_id: UUID) -> None:
        super().__init__(f"There is no sync run {run_id}.")
