"""Who holds an item: registration data of a fictitious person or company."""

from datetime import date, timedelta
from typing import Any

from sandbox.ledger import calendar, people
from sandbox.ledger.documents import dotted
from sandbox.ledger.draws import Draws
from sandbox.ledger.ids import Kind
from sandbox.ledger.item import Item
from sandbox.ledger.product_models import Identity

_CITIES = (
    ("São Paulo", "SP", "01310-100", "Av. dos Ipês"),
    ("Belo Horizonte", "MG", "30130-010", "Rua das Jabuticabeiras"),
    ("Curitiba", "PR", "80020-320", "Rua das Araucárias"),
    ("Recife", "PE", "50030-230", "Rua do Sobrado"),
    ("Florianópolis", "SC", "88010-400", "Rua das Rendeiras"),
)
_JOBS = ("Analista de sistemas", "Professora", "Enfermeiro", "Designer", "Contadora", "Eletricista")


def identity(item: Item) -> Identity | None:
    """The holder as registered at the bank; None before a collection of IDENTITY."""
    runs, customer = item.runs("IDENTITY"), item.bank.customer
    if not runs.instants:
        return None
    owner, draws = customer.owner, Draws(customer.key, "identity", customer.holder)
    mail = people.plain(owner.name).lower().replace(" ", ".")
    since = calendar.local_day(item.bank.opening.at) - timedelta(draws.between(400, 4000))
    company = customer.is_company
    return Identity(
        id=item.bank.ids.encode(Kind.IDENTITY, item.bank.tag),
        item_id=item.bank.opening.item_id,
        full_name=owner.name,
        document=dotted(owner.document),
        document_type="CNPJ" if company else "CPF",
        phone_numbers=[_phone(draws)],
        emails=[{"type": "Work" if company else "Personal", "value": f"{mail}@example.com"}],
        addresses=[_address(draws, company=company)],
        created_at=runs.labels[0],
        updated_at=runs.labels[-1],
        **(_firm(owner, draws, since) if company else _person(draws)),
    )


def _firm(owner: people.Party, draws: Draws, since: date) -> dict[str, Any]:
    return {
        "company_name": owner.name,
        "tax_number": dotted(owner.document),
        "incorporation_date": calendar.wire_midnight(since),
        "parties": [_partner(draws, since)],
    }


def _person(draws: Draws) -> dict[str, Any]:
    return {
        "birth_date": calendar.wire_midnight(date(1962, 1, 1) + timedelta(draws.below(15_000))),
        "job_title": draws.pick(_JOBS),
        "investor_profile": draws.pick(("Conservative", "Moderate", "Aggressive")),
        "relations": [
            {"type": kind, "name": people.person_name(draws), "document": None} for kind in ("Mother", "Father")
        ],
        "sex": draws.pick(("FEMALE", "MALE", "OTHER")),
        "marital_status": {"code": draws.pick(("SINGLE", "MARRIED", "DIVORCED")), "additionalInfo": None},
        "nationality": {"hasBrazilianNationality": True, "otherNationalities": None},
    }


def _phone(draws: Draws) -> dict[str, Any]:
    area, number = draws.between(11, 99), f"9{draws.digits(4)}-{draws.digits(4)}"
    return {
        "type": "Personal",
        "value": f"+55 {area} {number}",
        "countryCallingCode": "55",
        "areaCode": str(area),
        "extension": None,
        "additionalInfo": None,
    }


def _address(draws: Draws, *, company: bool) -> dict[str, Any]:
    city, state, code, street = draws.pick(_CITIES)
    line = f"{street}, {draws.between(12, 2900)}"
    return {
        "fullAddress": f"{line}, {city} - {state}, Brasil",
        "primaryAddress": line,
        "city": city,
        "postalCode": code,
        "state": state,
        "country": "Brasil",
        "type": "Work" if company else "Personal",
        "additionalInfo": None if draws.chance(60) else f"Apto {draws.between(11, 180)}",
        "district": None,
        "ibgeTownCode": None,
        "countryCode": "BRA",
        "geographicCoordinates": None,
    }


def _partner(draws: Draws, since: date) -> dict[str, Any]:
    partner = people.person(draws)
    return {
        "type": "PARTNER",
        "personType": "NATURAL_PERSON",
        "documentType": "CPF",
        "documentNumber": partner.document,
        "documentCountry": "BRA",
        "documentExpirationDate": None,
        "documentIssueDate": None,
        "documentAdditionalInfo": None,
        "civilName": partner.name,
        "socialName": None,
        "companyName": None,
        "tradeName": None,
        "startDate": calendar.wire_midnight(since),
        "shareholding": 1,
    }
