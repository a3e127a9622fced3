"""What can be wrong with a request about connections."""

from uuid import UUID

from app.errors import AppError


class ConnectionNotFound(AppError):
    """Absent, deleted, or of another owner: one answer for all (R53)."""

    status, code, title = 404, "connection_not_found", "Connection not found"
    user_messages = {"pt-BR": "Conexão não encontrada.", "en": "Connection not found."}

    def __init__(self, connection_id: UUID) -> None:
        super().__init__(f"There is no connection {connection_id}.")


class ItemNotFound(AppError):
    """Unknown to Pluggy, of another client user, or held already: one answer for all (R56)."""

    status, code, title = 404, "item_not_found", "Item not found"
    user_messages = {
        "pt-BR": "Não encontramos essa conexão com o banco. Conecte novamente.",
        "en": "We could not find this bank connection. Please connect again.",
    }

    def __init__(self, item_id: UUID) -> None:
        detail = f"There is no item {item_id} made for this owner. Create it with a connect token of ours."
        super().__init__(detail, action="reconnect")


class SandboxItemRefused(AppError):
    """An item of a sandbox connector while PLUGGY_USE_SANDBOX is off."""

    status, code, title = 422, "sandbox_item_refused", "Sandbox item refused"

    def __init__(self) -> None:
        super().__init__("This item belongs to a sandbox connector. Set PLUGGY_USE_SANDBOX=true to accept such items.")


class RedirectNotAllowed(AppError):
    """A redirect that is not on the list, compared as a whole string (R59)."""

    status, code, title = 422, "redirect_not_allowed", "Redirect not allowed"

    def __init__(self, field: str) -> None:
        detail = "This is not among OAUTH_REDIRECT_URIS; it must equal one of them whole."
        super().__init__(
            f"The address of {field} is not allowed.", errors=[{"pointer": f"/body/{field}", "detail": detail}]
        )


class ConnectionBeingDeleted(AppError):
    """The item's connection is on its way out."""

    status, code, title = 409, "connection_being_deleted", "Connection is being deleted"

    def __init__(self) -> None:
        super().__init__("The connection of this item is being deleted. Connect the bank anew.")


class DeletionNotFound(AppError):
    """Absent or of another owner."""

    status, code, title = 404, "deletion_not_found", "Deletion not found"

    def __init__(self, deletion_id: UUID) -> None:
        super().__init__(f"There is no deletion {deletion_id}.")


class ConnectionFenced(Exception):
    """The connection was claimed anew or deleted: whoever holds the older fence writes nothing more (R17)."""
