"""What goes over the wire looks like the real API's."""

from collections import Counter
from decimal import Decimal
from typing import Any

import pluggy_sdk
import pytest

from sandbox.ledger import Ledger, Profile
from tests.sandbox.ledger.ledgers import COMPANY, HOUSEHOLD, decoded, encoded, later, open_item, opened


def _rows(ledger: Ledger, item: str) -> list[dict[str, Any]]:
    return [decoded(row) for account in ledger.accounts(item) for row in ledger.transactions(account.id, limit=100_000)]


@pytest.mark.parametrize("profile", [HOUSEHOLD, COMPANY])
def test_every_entity_parses_with_the_community_models(profile: Profile) -> None:
    with opened() as ledger:
        item = open_item(ledger, "0c9d2a5e-6f0b-4c58-8f39-1a2b3c4d5e6f", profile=profile)
        ledger.collect(item, later(30))
        parsed: list[object] = [pluggy_sdk.Transaction.from_dict(row) for row in _rows(ledger, item)]
        for account in ledger.accounts(item):
            parsed.append(pluggy_sdk.Account.from_dict(decoded(account)))
            parsed += [pluggy_sdk.Bill.from_dict(decoded(bill)) for bill in ledger.bills(account.id)]
        for investment in ledger.investments(item):
            parsed.append(pluggy_sdk.Investment.from_dict(decoded(investment)))
            moves = ledger.investment_transactions(investment.id)
            parsed += [pluggy_sdk.InvestmentTransaction.from_dict(decoded(move)) for move in moves]
            assert moves
            assert ledger.investment(investment.id) == investment
        for loan in ledger.loans(item):
            parsed.append(pluggy_sdk.Loan.from_dict(decoded(loan)))
            assert ledger.loan(loan.id) == loan
        identity = ledger.identity(item)
        assert identity is not None
        assert ledger.identity_by_id(identity.id) == identity
        parsed.append(pluggy_sdk.IdentityResponse.from_dict(decoded(identity)))
        parsed += [pluggy_sdk.Category.from_dict(decoded(category)) for category in ledger.categories()]

    assert all(entity is not None for entity in parsed)
    assert len(parsed) > 1500


def test_card_and_bank_rows_have_their_signs_and_directions() -> None:
    with opened() as ledger:
        item = open_item(ledger)
        for account in ledger.accounts(item):
            for row in ledger.transactions(account.id, limit=100_000):
                outgoing = row.amount > 0 if account.type == "CREDIT" else row.amount < 0
                assert row.type == ("DEBIT" if outgoing else "CREDIT")


def test_both_paddings_and_real_times_late_in_the_evening_occur() -> None:
    with opened() as ledger:
        times = Counter(row["date"][11:] for row in _rows(ledger, open_item(ledger)))

    assert times["00:00:00.000Z"] > 100
    assert times["03:00:00.000Z"] > 100
    assert (
        sum(count for time, count in times.items() if time[:2] in ("00", "01", "02") and time != "00:00:00.000Z") > 20
    )


def test_values_are_null_where_banks_leave_them_out() -> None:
    with opened() as ledger:
        rows = [row for n in range(4) for row in _rows(ledger, open_item(ledger, f"i{n}", institution=f"Banco {n}"))]

    sometimes = """descriptionRaw category categoryId providerCode providerId balance order merchant paymentData
        creditCardMetadata operationType amountInAccountCurrency"""
    for name in sometimes.split():
        values = [row[name] is None for row in rows]
        assert any(values), name
        assert not all(values), name
    assert 0.02 < sum(row["categoryId"] is None for row in rows) / len(rows) < 0.35
    assert all((row["category"] is None) == (row["categoryId"] is None) for row in rows)


def test_purchases_abroad_keep_four_decimals_up_to_the_bill() -> None:
    with opened() as ledger:
        item = open_item(ledger)
        rows = [row for row in _rows(ledger, item) if row["currencyCode"] == "USD"]
        bills = [bill for account in ledger.accounts(item) for bill in ledger.bills(account.id)]

    assert rows
    assert all(row["amountInAccountCurrency"] for row in rows)
    assert any(bill.total_amount != round(bill.total_amount, 2) for bill in bills)


def test_money_is_written_exactly() -> None:
    """R29: a decimal on the wire is the decimal inside, never a float's nearest."""
    with opened() as ledger:
        account = ledger.accounts(open_item(ledger))[0]
        fields = {"date": "2026-03-01", "description": "x", "amount": "1234567890123.4567"}
        row = ledger.add_rows(account.id, [fields], at=later(0), apply_now=True).ids[0]

        assert b'"amount":1234567890123.4567,' in encoded(ledger.transaction(row))
        assert b"E+" not in encoded(ledger.accounts("item-1"))


def test_texts_have_accents_and_emoji() -> None:
    with opened() as ledger:
        item = open_item(ledger)
        rows = _rows(ledger, item)
        text = " ".join(row["description"] for row in rows)
        reasons = " ".join((row["paymentData"] or {}).get("reason") or "" for row in rows)

    assert "ã" in text.lower()
    assert any(ord(character) > 0x1F000 for character in text + reasons)


def test_open_finance_banks_name_operations_and_give_their_ids() -> None:
    profile = Profile(open_finance=True)
    with opened() as ledger:
        rows = [
            row for n in range(3) for row in _rows(ledger, open_item(ledger, f"i{n}", profile=profile, holder=f"h{n}"))
        ]

    operations = {row["operationType"] for row in rows}
    assert all(row["providerId"] for row in rows)
    assert {"ESTORNO", "CASHBACK", "PAGAMENTO_FATURA", "TARIFA", "PIX", "TED", "TEV", "BOLETO"} <= operations


def test_accounts_follow_the_profile() -> None:
    profiles = {
        "plain": HOUSEHOLD,
        "two": Profile(checking_accounts=2),
        "joint": Profile(joint=True),
        "firm": COMPANY,
        "bare": Profile(savings_accounts=0, cards=1),
    }
    with opened() as ledger:
        shown = {name: ledger.accounts(open_item(ledger, name, profile=profile)) for name, profile in profiles.items()}

    counts = {name: Counter(account.subtype for account in accounts) for name, accounts in shown.items()}
    assert counts["plain"] == {"CHECKING_ACCOUNT": 1, "SAVINGS_ACCOUNT": 1, "CREDIT_CARD": 3}
    assert counts["two"]["CHECKING_ACCOUNT"] == 2
    assert counts["firm"] == {"CHECKING_ACCOUNT": 1, "CREDIT_CARD": 1}
    assert counts["bare"] == {"CHECKING_ACCOUNT": 1, "CREDIT_CARD": 1}
    assert " e " in str(shown["joint"][0].owner)
    assert all(len({account.number for account in accounts}) == len(accounts) for accounts in shown.values())


def test_the_first_card_is_that_of_the_real_sandbox() -> None:
    with opened() as ledger:
        card = next(account for account in ledger.accounts(open_item(ledger)) if account.type == "CREDIT")

    assert card.credit_data is not None
    assert (card.credit_data.brand, card.credit_data.level) == ("MASTERCARD", "BLACK")
    assert card.credit_data.credit_limit == Decimal(300_000)
    assert card.bank_data is None


def test_the_category_tree_has_known_ids_and_whole_branches() -> None:
    with opened() as ledger:
        tree = {category.id: category for category in ledger.categories()}

    assert (tree["01000000"].description, tree["01000000"].description_translated) == ("Income", "Renda")
    assert tree["01010000"].parent_id == "01000000"
    assert tree["05000000"].description == "Transfers"
    assert tree["17020002"].parent_description == "Utilities"
    for category in tree.values():
        assert category.parent_id is None or tree[category.parent_id].description == category.parent_description


def test_rows_use_categories_of_the_tree() -> None:
    with opened() as ledger:
        tree = {category.id: category.description for category in ledger.categories()}
        for profile in (HOUSEHOLD, COMPANY):
            for row in _rows(ledger, open_item(ledger, profile.name, profile=profile)):
                assert row["categoryId"] is None or tree[row["categoryId"]] == row["category"]


def test_merchants_are_looked_up_by_cnpj() -> None:
    with opened() as ledger:
        merchant = next(row["merchant"] for row in _rows(ledger, open_item(ledger)) if row["merchant"])
        found = ledger.merchants([merchant["cnpj"], "00.000.000/0001-91", "11.222.333/0001-80"])

    assert decoded(found.found_merchants) == [merchant]
    assert found.not_found_merchants == ["00.000.000/0001-91"]
    assert found.invalid_cnpjs == ["11.222.333/0001-80"]


def test_a_company_is_registered_as_one() -> None:
    with opened() as ledger:
        firm = ledger.identity(open_item(ledger, "firm", profile=COMPANY, holder="11222333000181"))
        person = ledger.identity(open_item(ledger, "person", holder="app-7:529.982.247-25"))

    assert firm is not None
    assert person is not None
    assert (firm.document, firm.document_type) == ("11.222.333/0001-81", "CNPJ")
    assert firm.parties
    assert (person.document, person.document_type, person.parties) == ("529.982.247-25", "CPF", None)
    assert person.birth_date
