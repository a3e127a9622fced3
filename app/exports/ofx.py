"""Transactions as an OFX 1.0.2 file, the version that Brazilian accounting programs take.

Statements stand one after another, a bank's before the cards', so the rows must come by account. An OFX statement has
one currency: rows of an account in another currency than its own make a statement of their own.
"""

import base64
import re
from collections.abc import Iterable, Iterator
from datetime import UTC, date, datetime
from typing import Final, NamedTuple
from uuid import UUID
from xml.sax.saxutils import escape

from app.exports.rows import ExportedAccount, Row
from app.money import money_text
from app.transactions.lines import TransactionLine

_CONTROLS: Final = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]+")
_HEADER: Final = (
    "OFXHEADER:100\r\nDATA:OFXSGML\r\nVERSION:102\r\nSECURITY:NONE\r\nENCODING:UTF-8\r\nCHARSET:NONE\r\n"
    "COMPRESSION:NONE\r\nOLDFILEUID:NONE\r\nNEWFILEUID:NONE\r\n\r\n"
)
_STATUS: Final = "<STATUS><CODE>0</CODE><SEVERITY>INFO</SEVERITY></STATUS>"
_NAME_LENGTH, _MEMO_LENGTH = 32, 255


class Statement(NamedTuple):
    """What a statement holds; its days are those of its rows."""

    account_id: UUID
    currency_code: str
    first: date
    last: date


class _Kind(NamedTuple):
    """How bank accounts and cards differ."""

    messages: str
    response: str
    statement: str


_BANK: Final = _Kind("BANKMSGSRSV1", "STMTTRNRS", "STMTRS")
_CARD: Final = _Kind("CREDITCARDMSGSRSV1", "CCSTMTTRNRS", "CCSTMTRS")


class OfxWriter:
    """Writes one file: `head`, then `lines` of rows by (kind, account, currency), then `foot`."""

    def __init__(self, statements: Iterable[Statement], now: datetime) -> None:
        self._statements = {(each.account_id, each.currency_code): each for each in statements}
        self._now = now
        self._open: tuple[UUID, str] | None = None
        self._kind: _Kind | None = None

    def head(self) -> str:
        """Return how the file begins."""
        sign_on = f"<SONRS>{_STATUS}<DTSERVER>{_instant(self._now)}</DTSERVER><LANGUAGE>POR</LANGUAGE></SONRS>"
        return f"{_HEADER}<OFX>\r\n<SIGNONMSGSRSV1>{sign_on}</SIGNONMSGSRSV1>\r\n"

    def lines(self, rows: Iterable[Row]) -> str:
        """Return the rows, and what begins and ends their statements."""
        return "".join(self._parts(rows))

    def foot(self) -> str:
        """Return how the file ends."""
        end = f"</{self._kind.messages}>\r\n" if self._kind else ""
        return f"{self._end_statement()}{end}</OFX>\r\n"

    def _parts(self, rows: Iterable[Row]) -> Iterator[str]:
        for line, account in rows:
            if self._open != (account.id, line.currency_code):
                yield self._end_statement()
                yield self._begin_kind(_CARD if account.type == "CREDIT" else _BANK)
                yield self._begin_statement(account, line.currency_code)
            yield _entry(line)

    def _begin_kind(self, kind: _Kind) -> str:
        if kind is self._kind:
            return ""
        end = f"</{self._kind.messages}>\r\n" if self._kind else ""
        self._kind = kind
        return f"{end}<{kind.messages}>\r\n"

    def _begin_statement(self, account: ExportedAccount, currency_code: str) -> str:
        self._open = (account.id, currency_code)
        self._ends_with = _ledger_balance(account, currency_code, self._now)
        held, kind = self._statements[self._open], self._kind or _BANK
        return (
            f"<{kind.response}><TRNUID>0</TRNUID>{_STATUS}"
            f"<{kind.statement}><CURDEF>{escape(currency_code)}</CURDEF>{_account(account)}"
            f"<BANKTRANLIST><DTSTART>{_day(held.first)}</DTSTART><DTEND>{_day(held.last)}</DTEND>\r\n"
        )

    def _end_statement(self) -> str:
        if self._open is None or self._kind is None:
            return ""
        return f"</BANKTRANLIST>{self._ends_with}</{self._kind.statement}></{self._kind.response}>\r\n"


def _account(account: ExportedAccount) -> str:
    number = base64.urlsafe_b64encode(account.id.bytes).rstrip(b"=").decode()  # 22 characters, OFX's longest
    if account.type == "CREDIT":
        return f"<CCACCTFROM><ACCTID>{number}</ACCTID></CCACCTFROM>"
    kind = "SAVINGS" if account.subtype == "SAVINGS_ACCOUNT" else "CHECKING"
    bank = f"<BANKID>{account.connector_id}</BANKID>"
    return f"<BANKACCTFROM>{bank}<ACCTID>{number}</ACCTID><ACCTTYPE>{kind}</ACCTTYPE></BANKACCTFROM>"


def _ledger_balance(account: ExportedAccount, currency_code: str, now: datetime) -> str:
    """Return the balance, which OFX demands; zero of this moment where the bank tells none in this currency."""
    amount, as_of = "0.00", now
    if account.balance is not None and account.currency_code == currency_code:
        amount, as_of = money_text(account.balance), account.balance_at or now
    return f"<LEDGERBAL><BALAMT>{amount}</BALAMT><DTASOF>{_instant(as_of)}</DTASOF></LEDGERBAL>"


def _entry(line: TransactionLine) -> str:
    kind = "DEBIT" if line.amount.startswith("-") else "CREDIT"
    return (
        f"<STMTTRN><TRNTYPE>{kind}</TRNTYPE><DTPOSTED>{_day(line.date)}</DTPOSTED><TRNAMT>{line.amount}</TRNAMT>"
        f"<FITID>{line.id}</FITID>"
        f"{_element('NAME', line.counterparty_name or line.description, _NAME_LENGTH)}"
        f"{_element('MEMO', line.description, _MEMO_LENGTH)}</STMTTRN>\r\n"
    )


def _element(name: str, text: str, length: int) -> str:
    plain = _CONTROLS.sub(" ", text).strip()[:length].rstrip()
    return f"<{name}>{escape(plain)}</{name}>" if plain else ""  # an element without a value is no OFX


def _day(day: date) -> str:
    """Return the bank's noon of the day: midnight would be the day before wherever clocks are behind."""
    return f"{day:%Y%m%d}120000[-3:BRT]"


def _instant(instant: datetime) -> str:
    return f"{instant.astimezone(UTC):%Y%m%d%H%M%S}[0:GMT]"
