"""Why the bank can't be visited without its person."""

from app.connections.status import Action, ActionKind
from app.errors import AppError


class PersonNeeded(AppError):
    """The connection awaits its person; `action` says for what, as `action_required` of the connection does."""

    status, code, title = 409, "action_required", "Action required"
    user_messages = {
        "pt-BR": "Antes de atualizar, é preciso concluir um passo com o banco. Abra a conexão.",
        "en": "Before an update, a step with the bank has to be completed. Open the connection.",
    }

    def __init__(self, action: Action) -> None:
        needs = "a wait" if action.kind == ActionKind.WAIT else action.kind
        super().__init__(
            f"The bank can't be visited before this: {needs}.", action=action.kind, retry_at=action.retry_at
        )
