"""What a person typed against what a connector asks for: pure checks, before Pluggy is called."""

from collections.abc import Iterator, Mapping

from stdnum.br import cnpj, cpf

from app.pluggy.errors import PluggyRefused
from app.pluggy.models import Connector

Fault = dict[str, str]
"""One faulty field as `{pointer, detail}`; never what was typed."""

_DOCUMENTS = {"cpf": cpf, "cnpj": cnpj}  # CNPJ with letters too, as issued from July 2026 on
_REQUIRED = "This is required."


def parameter_faults(connector: Connector, parameters: Mapping[str, str]) -> list[Fault]:
    """Return what is wrong with `parameters`: unknown names, missing ones, documents whose check digits do not fit."""
    asked = {credential.name for credential in connector.credentials or ()}
    unknown = [_fault("*", "The bank asks for no such parameter.") for name in parameters if name not in asked]
    missing = [_fault(name, _REQUIRED) for name in _missing(connector, parameters)]
    false = [
        _fault(name, f"This is not a valid {name.upper()}: its check digits do not fit.")
        for name in sorted(asked & _DOCUMENTS.keys())
        if parameters.get(name) and not is_document(name, parameters[name])
    ]
    return unknown + missing + false


def refused_parameters(refusal: PluggyRefused) -> list[Fault]:
    """Return Pluggy's own verdict on parameters, in our words: its own may repeat what was typed."""
    texts = {"001": _REQUIRED}
    return [
        _fault(detail.parameter or "*", texts.get(detail.code or "", "The bank does not take this value."))
        for detail in refusal.details
    ]


def is_document(kind: str, text: str) -> bool:
    """Tell whether `text`, with or without separators, is a `cpf` or `cnpj` whose check digits fit."""
    checker = _DOCUMENTS[kind]
    same_digit = len(set(checker.compact(text))) == 1  # its check digits fit, and nobody has it
    return not same_digit and checker.is_valid(text)


def _missing(connector: Connector, parameters: Mapping[str, str]) -> Iterator[str]:
    """Yield what must be there and is not; a company's bank in Open Finance takes either document."""
    required = [credential.name for credential in connector.credentials or () if not credential.optional]
    documents = [name for name in required if name in _DOCUMENTS]
    if len(documents) > 1 and any(parameters.get(name) for name in documents):
        required = [name for name in required if name not in documents]
    yield from (name for name in required if not parameters.get(name))


def _fault(name: str, detail: str) -> Fault:
    return {"pointer": f"/body/parameters/{name}", "detail": detail}
