"""The category tree: eight digits, of which the first two name the top group."""

from functools import cache

from sandbox.ledger.models import Category

# id, English, Portuguese
_TREE: tuple[tuple[str, str, str], ...] = (
    ("01000000", "Income", "Renda"),
    ("01010000", "Salary", "Salário"),
    ("01020000", "Retirement", "Aposentadoria"),
    ("01030000", "Entrepreneurial activities", "Atividades de empreendedorismo"),
    ("01050000", "Non-recurring income", "Renda não recorrente"),
    ("02000000", "Loans and financing", "Empréstimos e financiamento"),
    ("02010000", "Late payment and overdraft costs", "Atraso no pagamento e custos de cheque especial"),
    ("02020000", "Interests charged", "Juros cobrados"),
    ("02030000", "Loans", "Empréstimos"),
    ("03000000", "Investments", "Investimentos"),
    ("03020000", "Fixed income", "Renda fixa"),
    ("03060000", "Proceeds interests and dividends", "Rendimentos de juros e dividendos"),
    ("04000000", "Same person transfer", "Transferência mesma titularidade"),
    ("04030000", "Same person transfer - PIX", "Transferência mesma titularidade - PIX"),
    ("04040000", "Same person transfer - TED", "Transferência mesma titularidade - TED"),
    ("05000000", "Transfers", "Transferências"),
    ("05010000", "Transfer - Bank slip", "Transferência - Boleto"),
    ("05070000", "Transfer - PIX", "Transferência - PIX"),
    ("05080000", "Transfer - TED", "Transferência - TED"),
    ("05100000", "Credit card payment", "Pagamento de cartão de crédito"),
    ("06000000", "Legal obligations", "Obrigações legais"),
    ("07000000", "Services", "Serviços"),
    ("07010000", "Telecommunications", "Telecomunicação"),
    ("07020000", "Education", "Educação"),
    ("07030000", "Wellness and fitness", "Saúde e bem-estar"),
    ("07050000", "Accounting and professional services", "Contabilidade e serviços profissionais"),
    ("08000000", "Shopping", "Compras"),
    ("08010000", "Online shopping", "Compras online"),
    ("08020000", "Electronics", "Eletrônicos"),
    ("08040000", "Clothing", "Vestuário"),
    ("08060000", "Bookstore", "Livraria"),
    ("09000000", "Digital services", "Serviços digitais"),
    ("09010000", "Gaming", "Jogos"),
    ("09020000", "Video streaming", "Streaming de vídeo"),
    ("09030000", "Music streaming", "Streaming de música"),
    ("10000000", "Groceries", "Supermercado"),
    ("11000000", "Food and drinks", "Alimentos e bebidas"),
    ("11010000", "Eating out", "Restaurantes, bares e lanchonetes"),
    ("11020000", "Food delivery", "Delivery de alimentos"),
    ("12000000", "Travel", "Viagens"),
    ("12010000", "Airport and airlines", "Aeroportos e companhias aéreas"),
    ("12020000", "Accommodation", "Hospedagem"),
    ("13000000", "Donations", "Doações"),
    ("14000000", "Gambling", "Apostas"),
    ("15000000", "Taxes", "Impostos"),
    ("15010000", "Income taxes", "Imposto de renda"),
    ("15030000", "Tax on financial operations", "Imposto sobre operações financeiras"),
    ("16000000", "Bank fees", "Taxas bancárias"),
    ("16010000", "Account fees", "Taxas de conta corrente"),
    ("16020000", "Wire transfer fees and ATM fees", "Taxas sobre transferências e caixas eletrônicos"),
    ("16030000", "Credit card fees", "Taxas de cartão de crédito"),
    ("17000000", "Housing", "Moradia"),
    ("17010000", "Rent", "Aluguel"),
    ("17020000", "Utilities", "Serviços de utilidade pública"),
    ("17020001", "Water", "Água"),
    ("17020002", "Electricity", "Eletricidade"),
    ("17020003", "Gas", "Gás"),
    ("17030000", "Houseware", "Utensílios para casa"),
    ("18000000", "Healthcare", "Saúde"),
    ("18020000", "Pharmacy", "Farmácia"),
    ("19000000", "Transportation", "Transporte"),
    ("19010000", "Taxi and ride-hailing", "Táxi e transporte privado urbano"),
    ("19020000", "Public transportation", "Transporte público"),
    ("19050000", "Automotive", "Serviços automotivos"),
    ("19050001", "Gas stations", "Postos de gasolina"),
    ("20000000", "Insurance", "Seguros"),
    ("20030000", "Health insurance", "Seguro de saúde"),
    ("21000000", "Leisure", "Lazer"),
    ("21010000", "Tickets", "Ingressos"),
    ("99999999", "Other", "Outros"),
)


def _parent_id(category_id: str) -> str | None:
    top, group, leaf = category_id[:2] + "000000", category_id[:4] + "0000", category_id
    if leaf == top or leaf == "99999999":
        return None
    return top if leaf == group else group


@cache
def tree() -> dict[str, Category]:
    """Every category by its id, parents first."""
    names = {category_id: english for category_id, english, _ in _TREE}
    return {
        category_id: Category(
            id=category_id,
            description=english,
            description_translated=portuguese,
            parent_id=(parent := _parent_id(category_id)),
            parent_description=names[parent] if parent else None,
        )
        for category_id, english, portuguese in _TREE
    }


def name_of(category_id: str | None) -> str | None:
    """The English name, as transactions carry it."""
    return tree()[category_id].description if category_id else None
