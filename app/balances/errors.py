"""Why the bank tells no balance now."""

from datetime import datetime
from typing import ClassVar

from app.connections.status import ActionKind
from app.errors import AppError


class LiveBalanceRefused(AppError):
    """The root of refusals of a live balance; `needs` is what the person can do."""

    status = 409
    text: ClassVar[str] = ""
    needs: ClassVar[ActionKind | None] = None

    def __init__(self, *, retry_at: datetime | None = None) -> None:
        super().__init__(self.text, action=self.needs, retry_at=retry_at)


class LiveBalanceNotPossible(LiveBalanceRefused):
    """Not an account of Open Finance, or the bank has no balance of it."""

    code, title = "live_balance_not_possible", "Live balance not possible"
    text = "The bank tells no live balance of this account; its balance is that of the last visit."
    user_messages = {
        "pt-BR": "O banco não informa o saldo desta conta na hora. Veja o saldo da última atualização.",
        "en": "The bank doesn't tell this account's balance on demand. See the balance of the last update.",
    }


class BalanceConsentNeeded(LiveBalanceRefused):
    """The bank denied access."""

    code, title = "balance_consent_needed", "Consent needed"
    text, needs = "The consent is over, or does not cover balances.", ActionKind.RECONNECT
    user_messages = {
        "pt-BR": "O banco não autorizou a consulta do saldo. Conecte o banco novamente.",
        "en": "The bank did not allow the balance to be read. Connect the bank again.",
    }


class BalanceQuotaUsedUp(LiveBalanceRefused):
    """The bank answers only so often a month, for one person and all who ask on their behalf."""

    status = 429
    code, title = "balance_quota_used_up", "Balance quota used up"
    text, needs = "The month's balance requests at this bank are used up.", ActionKind.WAIT
    user_messages = {
        "pt-BR": "O limite mensal de consultas de saldo neste banco foi atingido.",
        "en": "This month's limit of balance requests at this bank is reached.",
    }


class BankNotAnswering(LiveBalanceRefused):
    """The bank behind Pluggy is down or failed."""

    status = 503
    code, title = "bank_unavailable", "Bank unavailable"
    text, needs = "The bank does not answer at the moment.", ActionKind.WAIT
    user_messages = {
        "pt-BR": "O banco está fora do ar no momento. Tente de novo mais tarde.",
        "en": "The bank is down at the moment. Try again later.",
    }
