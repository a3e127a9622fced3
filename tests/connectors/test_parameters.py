"""What a person typed against what a connector asks for."""

import pytest

from app.connectors.parameters import is_document, parameter_faults
from app.pluggy.models import Credential, CredentialOption

USER = Credential(name="user", type="text", validation="^user-.{2,50}$", validation_message="Confira o usuário")
PASSWORD = Credential(name="password", type="password", validation="^.{6,20}$")
PIN = Credential(name="pin", type="number", optional=True)
CPF, CNPJ = Credential(name="cpf", type="number"), Credential(name="cnpj", type="text")


def fields(*credentials: Credential, **parameters: str) -> list[str]:
    return [fault["pointer"].rpartition("/")[2] for fault in parameter_faults(credentials, parameters)]


def test_good_parameters_have_no_faults() -> None:
    assert fields(USER, PASSWORD, PIN, user="user-ok", password="password-ok") == []


def test_missing_unknown_and_malformed_ones_are_named() -> None:
    assert fields(USER, PASSWORD, PIN, user="bad", token="1") == ["token", "password", "user"]


def test_an_empty_value_is_a_missing_one() -> None:
    assert fields(USER, PASSWORD, user="", password="password-ok") == ["user"]


def test_the_connectors_own_words_explain_its_rule() -> None:
    [fault] = parameter_faults([USER], {"user": "bad"})

    assert fault["detail"] == fault["user_messages"]["pt-BR"] == "Confira o usuário"
    assert fault["user_messages"]["en"] == "The bank does not take a value of this form."


def test_every_fault_speaks_to_the_person_in_both_languages() -> None:
    choice = Credential(name="channel", type="select", options=(CredentialOption("1", "SMS"),))

    faults = parameter_faults([USER, PASSWORD, CPF, choice], {"password": "x", "cpf": "1", "channel": "2", "pin": "1"})

    told = {fault["pointer"].rpartition("/")[2]: fault["user_messages"] for fault in faults}
    assert {name: words["pt-BR"] for name, words in told.items()} == {
        "pin": "Este banco não pede este campo.",
        "user": "Preencha este campo.",
        "password": "O banco não aceita um valor neste formato.",
        "cpf": "Este CPF não é válido. Confira os dígitos.",
        "channel": "Escolha uma das opções.",
    }
    assert all(words["en"] != words["pt-BR"] for words in told.values())


def test_a_fault_never_repeats_what_was_typed() -> None:
    """R63"""
    faults = parameter_faults([USER, CPF], {"user": "s3cret", "cpf": "11144477736", "s3cret value": "s3cret"})

    assert "s3cret" not in str(faults)
    assert "11144477736" not in str(faults)


@pytest.mark.parametrize("rule", ["(unclosed", "(?<name>x)", ""])
def test_a_rule_that_we_can_not_read_refuses_nothing(rule: str) -> None:
    assert fields(Credential(name="code", validation=rule), code="anything") == []


def test_a_rule_is_not_let_loose_on_a_long_text() -> None:
    slow = Credential(name="code", validation="^(a+)+$")

    assert fields(slow, code="a" * 4000 + "!") == ["code"]


def test_a_choice_is_one_of_the_options() -> None:
    choice = Credential(name="channel", type="select", options=(CredentialOption("1", "SMS"),))

    assert (fields(choice, channel="1"), fields(choice, channel="2")) == ([], ["channel"])


@pytest.mark.parametrize("text", ["761.092.776-73", "76109277673"])
def test_a_cpf_is_taken_with_and_without_separators(text: str) -> None:
    assert fields(CPF, cpf=text) == []


@pytest.mark.parametrize("text", ["761.092.776-74", "111.111.111-11", "7610927767", "x"])
def test_a_cpf_with_wrong_check_digits_is_refused(text: str) -> None:
    assert fields(CPF, cpf=text) == ["cpf"]


@pytest.mark.parametrize("text", ["60.701.190/0001-04", "60701190000104", "12.ABC.345/01DE-35"])
def test_a_cnpj_of_digits_or_of_letters_is_taken(text: str) -> None:
    assert fields(CNPJ, cnpj=text) == []


@pytest.mark.parametrize("text", ["60.701.190/0001-05", "12.ABC.345/01DE-36", "00000000000000", "AAAAAAAAAAAAAA"])
def test_a_cnpj_with_wrong_check_digits_is_refused(text: str) -> None:
    assert not is_document("cnpj", text)


def test_a_companys_bank_takes_either_document() -> None:
    assert fields(CPF, CNPJ, cnpj="60701190000104") == []
    assert fields(CPF, CNPJ) == ["cpf", "cnpj"]
