"""What can be wrong with a request about connectors."""

from app.errors import AppError


class ConnectorNotFound(AppError):
    """Unknown, withdrawn, or of the sandbox while PLUGGY_USE_SANDBOX is off."""

    status, code, title = 404, "connector_not_found", "Connector not found"
    user_messages = {"pt-BR": "Banco não encontrado.", "en": "Bank not found."}

    def __init__(self, connector_id: int) -> None:
        super().__init__(f"There is no connector {connector_id}.")
