"""What a person typed against what a connector asks for: pure checks, before Pluggy is called.

Nothing here repeats a value: faults name the field and say what is wrong with it (R63).
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from typing import Any, Final, NamedTuple

from stdnum.br import cnpj, cpf

from app.pluggy.models import Credential, CredentialType

Fault = dict[str, Any]
"""One faulty field: `{pointer, detail, user_messages}`."""


class Words(NamedTuple):
    """What is wrong with a field: for developers, and for the person, in both languages."""

    detail: str
    portuguese: str
    english: str


REQUIRED: Final = Words("This is required.", "Preencha este campo.", "Fill in this field.")
NOT_TAKEN: Final = Words(
    "The bank does not take this value.", "O banco não aceita este valor.", "The bank does not take this value."
)
DATE_NOT_TAKEN: Final = Words(
    "The bank does not take this date.", "O banco não aceita esta data.", "The bank does not take this date."
)
_NOT_ASKED: Final = Words(
    "This bank asks for no such field.", "Este banco não pede este campo.", "This bank does not ask for this field."
)
_NO_OPTION: Final = Words(
    "This must be one of the values of `options`.", "Escolha uma das opções.", "Choose one of the options."
)
_WRONG_FORM: Final = Words(
    "The bank does not take a value of this form.",
    "O banco não aceita um valor neste formato.",
    "The bank does not take a value of this form.",
)

_DOCUMENTS = {"cpf": cpf, "cnpj": cnpj}  # CNPJ with letters too, as issued from July 2026 on
_SAFE_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_-]{0,63}")
_LONGEST_CHECKED = 200
"""A connector's rule is somebody else's pattern: it is not let loose on long texts."""


def parameter_faults(credentials: Sequence[Credential], parameters: Mapping[str, str]) -> list[Fault]:
    """Return what is wrong: names that are not asked for, missing ones, values that break the connector's rule."""
    asked = {credential.name for credential in credentials}
    unknown = [fault(name, _NOT_ASKED) for name in parameters if name not in asked]
    missing = [fault(name, REQUIRED) for name in _missing(credentials, parameters)]
    wrong = [
        fault(credential.name, words)
        for credential in credentials
        if parameters.get(credential.name) and (words := _wrong(credential, parameters[credential.name]))
    ]
    return unknown + missing + wrong


def fault(name: str, words: Words, *, pointer: str | None = None) -> Fault:
    """Return the fault of one parameter, at `pointer` if given; a name that is not like one is not repeated."""
    shown = name if _SAFE_NAME.fullmatch(name) else "*"
    return {
        "pointer": pointer or f"/body/parameters/{shown}",
        "detail": words.detail,
        "user_messages": {"pt-BR": words.portuguese, "en": words.english},
    }


def is_document(kind: str, text: str) -> bool:
    """Tell whether `text`, with or without separators, is a `cpf` or `cnpj` whose check digits fit."""
    checker = _DOCUMENTS[kind]
    same_digit = len(set(checker.compact(text))) == 1  # its check digits fit, and nobody has it
    return not same_digit and bool(checker.is_valid(text))


def _missing(credentials: Sequence[Credential], parameters: Mapping[str, str]) -> Iterator[str]:
    """Yield what must be there and is not; a company's bank in Open Finance takes either document."""
    required = [credential.name for credential in credentials if not credential.optional]
    documents = [name for name in required if name in _DOCUMENTS]
    if len(documents) > 1 and any(parameters.get(name) for name in documents):
        required = [name for name in required if name not in documents]
    yield from (name for name in required if not parameters.get(name))


def _wrong(credential: Credential, value: str) -> Words | None:
    if credential.name in _DOCUMENTS and not is_document(credential.name, value):
        return _wrong_document(credential.name.upper())
    if credential.type == CredentialType.SELECT and credential.options:
        choices = [option.value for option in credential.options]
        return None if value in choices else _NO_OPTION
    rule = _compiled(credential.validation or "")
    if rule is None or (len(value) <= _LONGEST_CHECKED and rule.search(value)):
        return None
    said = credential.validation_message  # the connector's own words, in Portuguese
    return Words(said, said, _WRONG_FORM.english) if said else _WRONG_FORM


def _wrong_document(kind: str) -> Words:
    return Words(
        f"This is not a valid {kind}: its check digits do not fit.",
        f"Este {kind} não é válido. Confira os dígitos.",
        f"This {kind} is not valid. Check its digits.",
    )


@lru_cache(maxsize=512)
def _compiled(pattern: str) -> re.Pattern[str] | None:
    """Return the rule as its authors meant it (JavaScript's `test`), None when there is none that we can read."""
    try:
        return re.compile(pattern, re.ASCII) if pattern else None
    except re.error:
        return None
