"""CPFs and CNPJs, case by case."""

import pytest

from app.counterparties.documents import DocumentType, plain_document, type_of


@pytest.mark.parametrize(
    ("text", "plain"),
    [
        ("529.982.247-25", "52998224725"),
        ("11.222.333/0001-81", "11222333000181"),
        ("12.abc.345/01de-35", "12ABC34501DE35"),
        (" - ", None),
        ("", None),
        (None, None),
    ],
)
def test_a_document_is_compared_without_its_punctuation(text: str | None, plain: str | None) -> None:
    assert plain_document(text) == plain


@pytest.mark.parametrize(
    ("document", "kind"),
    [
        ("52998224725", DocumentType.CPF),
        ("52998224724", None),
        ("11111111111", None),
        ("11222333000181", DocumentType.CNPJ),
        ("11222333000180", None),
        ("12ABC34501DE35", DocumentType.CNPJ),
        ("12ABC34501DE36", None),
        ("123", None),
    ],
)
def test_check_digits_tell_whose_document_it_is(document: str, kind: DocumentType | None) -> None:
    assert type_of(document) is kind
