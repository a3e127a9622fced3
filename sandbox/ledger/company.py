"""What happens in the checking account of a small Brazilian company."""

from datetime import date, timedelta

from sandbox.ledger import calendar, people
from sandbox.ledger.customer import Customer
from sandbox.ledger.household import Monthly, charge, yearly
from sandbox.ledger.money import share
from sandbox.ledger.payments import boleto, fee, pix, transfer, whole
from sandbox.ledger.rows import Draft, Mark

MONTHLY = (
    Monthly("office-rent", "rent", "Imobiliária Planalto Central", 5, 2400, 6500, "17010000", "boleto", rise=50),
    Monthly("electricity", "utility", "Luz & Força Distribuidora", 12, 380, 900, "17020002", "debit", 30, segment=3),
    Monthly("internet", "subscription", "Fibra Veloz Telecom", 8, 149, 349, "07010000", "debit", rise=70, segment=4),
    Monthly("accountant", "subscription", "Contábil Três Marias", 10, 600, 1400, "07050000", "boleto", rise=60),
    Monthly("software", "subscription", "Gestão Fácil Sistemas", 15, 119, 399, "09000000", "boleto", rise=110),
    Monthly(
        "simples", "tax", "Receita Federal - DAS Simples Nacional", 20, 1800, 5200, "15000000", "slip", 35, segment=5
    ),
    Monthly("payroll-tax", "tax", "Receita Federal - DARF INSS", 20, 900, 2100, "15000000", "slip", 15, segment=5),
    Monthly("fgts", "tax", "Caixa - FGTS Digital", 7, 500, 1100, "06000000", "slip", 15, segment=5),
)


def checking(customer: Customer, month: int) -> list[Draft]:
    """The movements of a month, but for own transfers and card payments; the first bank pays staff and taxes."""
    if customer.slot:
        return [*_sales(customer, month), *_suppliers(customer, month), *_fees(customer, month)]
    fixed = [charge(customer, each, month) for each in MONTHLY]
    return [
        *fixed,
        *_sales(customer, month),
        *_payroll(customer, month),
        *_suppliers(customer, month),
        *_fees(customer, month),
    ]


def _sales(customer: Customer, month: int) -> list[Draft]:
    draws, owner = customer.draws("sales", month), customer.owner
    clients = [customer.company("client", n) for n in range(14)]
    acquirer = customer.company("acquirer", name="Maquininha Pagamentos S.A.")
    drafts = []
    for day in calendar.business_days(month):
        if draws.chance(55):
            text, amount = "Recebimento vendas cartão - Maquininha", draws.price(300, 2900)
            drafts.append(
                transfer(day, amount, owner=owner, other=acquirer, method="TED", text=text, category="01030000")
            )
        for _ in range(draws.below(3)):
            other = draws.pick(clients) if draws.chance(50) else people.person(draws)
            sale = pix(draws, day, draws.price(60, 2200), owner=owner, other=other)
            sale.category = None if draws.chance(30) else "01030000"
            drafts.append(sale)
        if draws.chance(20):
            client = draws.pick(clients)
            received = boleto(draws, day, draws.price(400, 4800), owner=client, other=owner, category="01030000")
            received.text = f"Liquidação de cobrança - {client.name}"
            drafts.append(received)
    for draft in draws.sample(drafts, 2):
        draft.late = draws.between(1, 4)
    return drafts


def _payroll(customer: Customer, month: int) -> list[Draft]:
    day, owner, drafts = calendar.business_days(month)[4], customer.owner, []
    for n in range(customer.draws("staff").between(3, 6)):
        fixed = customer.draws("staff", n)
        worker, base, turn = customer.person("worker", n), fixed.price(1900, 4600), fixed.below(12)
        wage = yearly(base, 55, month, turn)
        text, mark = (
            f"Pagamento de salário {worker.name}",
            Mark("recurring", f"{customer.content}/staff/{n}", "payroll"),
        )
        drafts.append(transfer(day, -wage, owner=owner, other=worker, method="TED", text=text, category="01010000"))
        drafts[-1].marks = (mark,)
    partner, amount = customer.person("partner"), whole(customer.draws("partner").between(30, 70) * 100)
    draw = pix(customer.draws("partner", month), day + timedelta(1), -amount, owner=owner, other=partner)
    draw.text, draw.marks = f"Pró-labore {partner.name}", (Mark("recurring", f"{customer.content}/partner", "payroll"),)
    return [*drafts, draw]


def _suppliers(customer: Customer, month: int) -> list[Draft]:
    draws = customer.draws("suppliers", month)
    suppliers = [customer.company("supplier", n) for n in range(11)]
    days, drafts = calendar.business_days(month), []
    for _ in range(draws.between(9, 16)):
        day: date = draws.pick(days)
        other, amount = draws.pick(suppliers), -draws.price(180, 3400)
        if draws.chance(70):
            drafts.append(boleto(draws, day, amount, owner=customer.owner, other=other, category="05010000"))
        else:
            drafts.append(pix(draws, day, amount, owner=customer.owner, other=other))
    return drafts


def _fees(customer: Customer, month: int) -> list[Draft]:
    draws, fixed = customer.draws("fees", month), customer.draws("package")
    days = calendar.business_days(month)
    package = yearly(fixed.price(79, 149), 64, month, fixed.below(12))
    mark = Mark("recurring", f"{customer.content}/package", "fee")
    drafts = [fee(days[0], package, "Tarifa pacote de serviços PJ", marks=(mark,))]
    drafts += [fee(draws.pick(days), 3_5000, "Tarifa liquidação de cobrança") for _ in range(draws.between(1, 5))]
    if draws.chance(25):
        drafts.append(
            fee(draws.pick(days), share(whole(900), draws.between(20, 90)), "Juros antecipação", category="02020000")
        )
    return drafts
