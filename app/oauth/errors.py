"""What can be wrong with an authorisation."""

from uuid import UUID

from app.connections.refusals import LoginAlreadyConnected
from app.errors import AppError

_AGAIN = {
    "pt-BR": "Esta autorização não vale mais. Comece de novo pelo aplicativo.",
    "en": "This authorisation is no longer valid. Start again from the app.",
}


class ConnectorNotOAuth(AppError):
    """The connector takes a login, not an authorisation at the bank's own pages."""

    status, code, title = 422, "connector_not_oauth", "Connector without OAuth"
    user_messages = {
        "pt-BR": "Este banco não usa autorização por redirecionamento.",
        "en": "This bank does not use authorisation by redirect.",
    }

    def __init__(self, connector_id: int) -> None:
        super().__init__(
            f"Connector {connector_id} is unknown or not an OAuth connector: see `connectors/?oauth=true`.",
            errors=[{"pointer": "/body/connector_id", "detail": "This must be the id of an OAuth connector."}],
        )


class ReturnNotAllowed(AppError):
    """A return URL that is not on the list, compared as a whole string (R59)."""

    status, code, title = 422, "return_url_not_allowed", "Return URL not allowed"

    def __init__(self) -> None:
        detail = "This is not among OAUTH_RETURN_URLS; it must equal one of them whole."
        super().__init__(
            "The address of return_url is not allowed.", errors=[{"pointer": "/body/return_url", "detail": detail}]
        )


class RedirectNeeded(AppError):
    """Our own callback can't be reached by the bank's browser, and no other address was given."""

    status, code, title = 422, "redirect_uri_needed", "Redirect URI needed"

    def __init__(self) -> None:
        super().__init__(
            "This service has no public https address (BACKEND_URL): give a redirect_uri of OAUTH_REDIRECT_URIS.",
            errors=[{"pointer": "/body/redirect_uri", "detail": "This is required."}],
        )


class AlreadyConnected(LoginAlreadyConnected):
    """The owner holds an item with the same document at this bank: a second one would share its quotas."""

    def __init__(self, connection_id: UUID) -> None:
        super().__init__()
        self.detail = f"Connection {connection_id} holds this login: repair that one."


class StateNotFound(AppError):
    """Unknown, another owner's, or of another item: one answer for all (R53)."""

    status, code, title = 404, "oauth_state_not_found", "Authorisation not found"
    user_messages = _AGAIN

    def __init__(self) -> None:
        super().__init__("There is no authorisation under way with this state.")


class StateUsed(AppError):
    """A state is good for one landing; the connection goes on by itself."""

    status, code, title = 409, "oauth_state_used", "Authorisation taken up already"
    user_messages = {
        "pt-BR": "Esta autorização já foi recebida. Acompanhe a conexão no aplicativo.",
        "en": "This authorisation was received already. Follow the connection in the app.",
    }

    def __init__(self, connection_id: UUID) -> None:
        super().__init__(f"This state was used already. Follow connection {connection_id}.")


class StateExpired(AppError):
    """A state is good for ten minutes; the connection goes on by itself."""

    status, code, title = 410, "oauth_state_expired", "Authorisation expired"
    user_messages = _AGAIN

    def __init__(self, connection_id: UUID) -> None:
        super().__init__(f"This state is older than ten minutes. Follow or repair connection {connection_id}.")


class ItemNotMade(AppError):
    """Pluggy never said that it made the connection's item, so there is nothing to authorise anew."""

    status, code, title = 409, "item_not_made", "Connection never began"
    user_messages = {
        "pt-BR": "Esta conexão não chegou a começar. Apague-a e conecte o banco de novo.",
        "en": "This connection never began. Delete it and connect the bank again.",
    }

    def __init__(self, connection_id: UUID) -> None:
        super().__init__(f"Connection {connection_id} has no item: delete it and start anew.", action="reconnect")
