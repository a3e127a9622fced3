"""Fictitious people, companies and bank accounts."""

from functools import lru_cache
from typing import NamedTuple
from unicodedata import combining, normalize

from sandbox.ledger.documents import dotted, is_cnpj, is_cpf, make_cnpj, make_cpf
from sandbox.ledger.draws import Draws
from sandbox.ledger.models import Document, Participant

_FIRST = (
    "Ana", "Antônio", "Beatriz", "Caio", "Camila", "Cecília", "Davi", "Débora", "Eduardo", "Elisângela", "Fábio",
    "Fernanda", "Flávia", "Gabriel", "Heloísa", "Ícaro", "Inês", "João", "Joaquim", "Júlia", "Larissa", "Luís", "Luísa",
    "Márcia", "Mateus", "Mônica", "Natália", "Otávio", "Patrícia", "Rafael", "Raíssa", "Sérgio", "Simão", "Tainá",
    "Thaís", "Ulisses", "Verônica", "Vinícius", "Yasmin", "Zélia",
)  # fmt: skip
_LAST = (
    "Abreu", "Aragão", "Araújo", "Assunção", "Brandão", "Caldeira", "Camargo", "Conceição", "Damasceno", "Falcão",
    "Figueirôa", "Fonseca", "Galvão", "Guimarães", "Junqueira", "Leitão", "Magalhães", "Mourão", "Negrão", "Nóbrega",
    "Paixão", "Peçanha", "Queirós", "Quintão", "Rezende", "Salomão", "Sampaio", "Simões", "Tavares", "Teles", "Urquiza",
    "Valadão", "Vasconcelos", "Xavier", "Zanetti",
)  # fmt: skip
_TRADES = ("Comércio de Alimentos", "Soluções Gráficas", "Materiais Elétricos", "Tecnologia", "Confecções", "Logística")

# name, COMPE code, ISPB
_BANKS = (
    ("Banco do Brasil", "001", "00000000"),
    ("Itaú", "341", "60701190"),
    ("Bradesco", "237", "60746948"),
    ("Caixa", "104", "00360305"),
    ("Santander", "033", "90400888"),
    ("Nubank", "260", "18236120"),
    ("Inter", "077", "00416968"),
    ("Sicoob", "756", "02038232"),
)


class Party(NamedTuple):
    """Somebody on the other side of a payment."""

    name: str
    document: str
    bank: int
    branch: str
    account: str

    @property
    def compe(self) -> str:
        """Three-digit code of the party's bank."""
        return _BANKS[self.bank][1]

    def participant(self, *, full: bool = True) -> Participant:
        """The party inside `paymentData`; not `full`: name and document only, as many banks give it."""
        return _participant(self, full)


@lru_cache(maxsize=20_000)
def _participant(party: Party, full: bool) -> Participant:
    _, compe, ispb = _BANKS[party.bank]
    return Participant(
        name=party.name,
        account_number=party.account if full else None,
        branch_number=party.branch if full else None,
        routing_number=compe if full else None,
        routing_number_ispb=ispb if full else None,
        # banks differ, but each party's document is always written one way
        document_number=Document(
            type="CPF" if len(party.document) == 11 else "CNPJ",
            value=dotted(party.document) if party.bank % 2 else party.document,
        ),
    )


def person_name(draws: Draws) -> str:
    """A given name and two family names."""
    return " ".join((draws.pick(_FIRST), *draws.sample(_LAST, 2)))


def plain(text: str) -> str:
    """Text without accents."""
    return "".join(letter for letter in normalize("NFKD", text) if not combining(letter))


def _account(draws: Draws) -> tuple[int, str, str]:
    return draws.below(len(_BANKS)), draws.digits(4), f"{draws.digits(6)}-{draws.below(10)}"


def person(draws: Draws) -> Party:
    """A person with a valid CPF and a bank account."""
    return Party(person_name(draws), make_cpf(draws), *_account(draws))


def company(draws: Draws, name: str | None = None) -> Party:
    """A company with a valid CNPJ, one in five of the alphanumeric kind."""
    legal = name or f"{draws.pick(_LAST)} {draws.pick(_TRADES)} {draws.pick(('Ltda', 'S.A.', 'ME', 'EIRELI'))}"
    return Party(legal, make_cnpj(draws, alphanumeric=draws.chance(20)), *_account(draws))


def holder(key: bytes, name: str, *, is_company: bool) -> Party:
    """Who owns the accounts: the same for every item opened for the same holder key."""
    draws = Draws(key, "holder", name)
    drawn = company(draws) if is_company else person(draws)
    plain = "".join(character for character in name.rpartition(":")[2] if character.isalnum()).upper()
    known = is_cnpj(plain) if is_company else is_cpf(plain)
    return drawn._replace(document=plain) if known else drawn


def holder_at(owner: Party, slot: int, key: bytes) -> Party:
    """The holder's account at another of their banks."""
    bank, branch, account = _account(Draws(key, "holder-at", owner.document, slot))
    return owner._replace(bank=bank, branch=branch, account=account)
