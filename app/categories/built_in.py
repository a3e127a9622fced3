"""Categories that are known without Pluggy: ids and names as its tree has them, for what the classifier gives."""

from typing import Final, NamedTuple


class Names(NamedTuple):
    """A category in English and in Portuguese."""

    name: str
    name_pt: str


NAMES: Final[dict[str, Names]] = {
    "01000000": Names("Income", "Renda"),
    "01010000": Names("Salary", "Salário"),
    "01020000": Names("Retirement", "Aposentadoria"),
    "02000000": Names("Loans and financing", "Empréstimos e financiamento"),
    "02010000": Names("Late payment and overdraft costs", "Atraso no pagamento e custos de cheque especial"),
    "02020000": Names("Interests charged", "Juros cobrados"),
    "02030000": Names("Loans", "Empréstimos"),
    "03000000": Names("Investments", "Investimentos"),
    "03060000": Names("Proceeds interests and dividends", "Rendimentos de juros e dividendos"),
    "04000000": Names("Same person transfer", "Transferência mesma titularidade"),
    "05000000": Names("Transfers", "Transferências"),
    "05010000": Names("Transfer - Bank slip", "Transferência - Boleto"),
    "05070000": Names("Transfer - PIX", "Transferência - PIX"),
    "05080000": Names("Transfer - TED", "Transferência - TED"),
    "05100000": Names("Credit card payment", "Pagamento de cartão de crédito"),
    "06000000": Names("Legal obligations", "Obrigações legais"),
    "07000000": Names("Services", "Serviços"),
    "07010000": Names("Telecommunications", "Telecomunicação"),
    "07020000": Names("Education", "Educação"),
    "07030000": Names("Wellness and fitness", "Saúde e bem-estar"),
    "08000000": Names("Shopping", "Compras"),
    "08010000": Names("Online shopping", "Compras online"),
    "08020000": Names("Electronics", "Eletrônicos"),
    "08040000": Names("Clothing", "Vestuário"),
    "08060000": Names("Bookstore", "Livraria"),
    "09000000": Names("Digital services", "Serviços digitais"),
    "09010000": Names("Gaming", "Jogos"),
    "09020000": Names("Video streaming", "Streaming de vídeo"),
    "09030000": Names("Music streaming", "Streaming de música"),
    "10000000": Names("Groceries", "Supermercado"),
    "11000000": Names("Food and drinks", "Alimentos e bebidas"),
    "11010000": Names("Eating out", "Restaurantes, bares e lanchonetes"),
    "11020000": Names("Food delivery", "Delivery de alimentos"),
    "12000000": Names("Travel", "Viagens"),
    "12010000": Names("Airport and airlines", "Aeroportos e companhias aéreas"),
    "12020000": Names("Accommodation", "Hospedagem"),
    "13000000": Names("Donations", "Doações"),
    "14000000": Names("Gambling", "Apostas"),
    "15000000": Names("Taxes", "Impostos"),
    "15030000": Names("Tax on financial operations", "Imposto sobre operações financeiras"),
    "16000000": Names("Bank fees", "Taxas bancárias"),
    "16010000": Names("Account fees", "Taxas de conta corrente"),
    "16020000": Names("Wire transfer fees and ATM fees", "Taxas sobre transferências e caixas eletrônicos"),
    "17000000": Names("Housing", "Moradia"),
    "17020000": Names("Utilities", "Serviços de utilidade pública"),
    "17020001": Names("Water", "Água"),
    "17020002": Names("Electricity", "Eletricidade"),
    "17030000": Names("Houseware", "Utensílios para casa"),
    "18000000": Names("Healthcare", "Saúde"),
    "18020000": Names("Pharmacy", "Farmácia"),
    "19000000": Names("Transportation", "Transporte"),
    "19010000": Names("Taxi and ride-hailing", "Táxi e transporte privado urbano"),
    "19020000": Names("Public transportation", "Transporte público"),
    "19050000": Names("Automotive", "Serviços automotivos"),
    "19050001": Names("Gas stations", "Postos de gasolina"),
    "20000000": Names("Insurance", "Seguros"),
    "21000000": Names("Leisure", "Lazer"),
    "21010000": Names("Tickets", "Ingressos"),
}


def is_pluggys(category_id: str) -> bool:
    """Tell an id of Pluggy's, eight digits, from one of an owner's own, a UUID."""
    return len(category_id) == 8


def parent_of(category_id: str) -> str | None:
    """Return the id above one of Pluggy's: two digits a level, the last level of four; None at the top."""
    if category_id[2:] == "000000" or category_id == "99999999":
        return None
    return category_id[:2] + "000000" if category_id[4:] == "0000" else category_id[:4] + "0000"


def branch(category_id: str) -> tuple[str, str]:
    """Return the first and the last id that one of Pluggy's and those below it may have; any other is alone."""
    if not is_pluggys(category_id):
        return category_id, category_id
    if category_id[2:] == "000000":
        return category_id, category_id[:2] + "999999"
    return category_id, category_id[:4] + "9999" if category_id[4:] == "0000" else category_id


def names_of(
    category_id: str, tree: tuple[str | None, str | None] = (None, None), *, own: str | None, given: str | None
) -> Names:
    """Return a category's names: the owner's own, the tree's, built in, or what came with the transaction."""
    if own is not None:
        return Names(own, own)
    if tree[0] is not None and tree[1] is not None:
        return Names(tree[0], tree[1])
    return NAMES.get(category_id) or Names(given or category_id, given or category_id)
