"""CPFs and CNPJs. Pure."""

from enum import StrEnum

from stdnum.br import cnpj, cpf


class DocumentType(StrEnum):
    """Who has the document: a person or a company."""

    CPF = "CPF"
    CNPJ = "CNPJ"


def plain_document(text: str | None) -> str | None:
    """Return the document's digits, and its letters: CNPJs have them since 2026."""
    return "".join(filter(str.isalnum, text or "")).upper() or None


def type_of(document: str) -> DocumentType | None:
    """Return what a plain document is; None when its check digits are wrong."""
    if len(set(document)) == 1:  # 111.111.111-11 checks out, and nobody has it
        return None
    if cpf.is_valid(document):
        return DocumentType.CPF
    return DocumentType.CNPJ if cnpj.is_valid(document) else None
