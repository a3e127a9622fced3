"""Shops that card and debit purchases are made at; CNPJs are fictitious."""

from functools import cache
from typing import NamedTuple

from sandbox.ledger import categories
from sandbox.ledger.documents import is_cnpj, make_cnpj
from sandbox.ledger.draws import Draws, seed_key
from sandbox.ledger.models import Merchant, MerchantLookup


class Shop(NamedTuple):
    """`low` and `high` bound a purchase in whole reais; `text` is how statements spell the shop."""

    text: str
    name: str
    category: str
    mcc: int
    cnae: str
    low: int
    high: int


# everyday purchases, on cards and by debit
EVERYDAY = (
    Shop("PADARIA PÃO DOURADO", "Padaria Pão Dourado", "11010000", 5462, "4721102", 8, 48),
    Shop("SUPERMERCADO BOM VIZINHO", "Supermercado Bom Vizinho", "10000000", 5411, "4711302", 35, 420),
    Shop("ATACADÃO DA VILA", "Atacadão da Vila", "10000000", 5411, "4711301", 90, 680),
    Shop("HORTIFRUTI SABOR DA TERRA", "Hortifruti Sabor da Terra", "10000000", 5499, "4724500", 20, 130),
    Shop("DROGARIA SÃO LÁZARO", "Drogaria São Lázaro", "18020000", 5912, "4771701", 12, 190),
    Shop("POSTO AVENIDA CENTRAL", "Posto Avenida Central", "19050001", 5541, "4731800", 80, 290),
    Shop("IFD*CANTINA DA NONA", "Cantina da Nonna", "11020000", 5812, "5611201", 32, 140),
    Shop("IFD*SUSHI DO BAIRRO 🍣", "Sushi do Bairro", "11020000", 5812, "5611201", 45, 210),
    Shop("UBER *TRIP", "Uber", "19010000", 4121, "4923001", 9, 62),
    Shop("99APP *99APP", "99", "19010000", 4121, "4923001", 8, 48),
    Shop("CAFÉ & PROSA ☕", "Café & Prosa", "11010000", 5814, "5611203", 9, 44),
    Shop("CHURRASCARIA FOGO GAÚCHO", "Churrascaria Fogo Gaúcho", "11010000", 5812, "5611201", 70, 330),
    Shop("PET SHOP AMIGO FIEL", "Pet Shop Amigo Fiel", "08000000", 5995, "4789004", 30, 260),
    Shop("LIVRARIA TRAVESSÃO", "Livraria Travessão", "08060000", 5942, "4761001", 28, 180),
    Shop("PAPELARIA ARCO-ÍRIS", "Papelaria Arco-Íris", "08000000", 5943, "4761003", 11, 95),
    Shop("ESTACIONAMENTO PARE BEM", "Estacionamento Pare Bem", "19050000", 7523, "5223100", 10, 45),
    Shop("IOFFICE COWORKING", "iOffice Coworking", "07000000", 7399, "8211300", 35, 120),
    Shop("INGRESSO*CINE LUZ", "Cine Luz", "21010000", 7832, "5914600", 24, 118),
)

# purchases that people split
SPLITTABLE = (
    Shop("MAGAZINE ANA LUÍSA", "Magazine Ana Luísa", "08020000", 5732, "4753900", 600, 5200),
    Shop("CASAS SERTÃO", "Casas Sertão", "17030000", 5712, "4754701", 450, 3900),
    Shop("AZULÃO LINHAS AÉREAS", "Azulão Linhas Aéreas", "12010000", 4511, "5111100", 700, 4200),
    Shop("MERCADOLIVRE*3PRODUTOS", "Mercado Livre", "08010000", 5999, "4789099", 240, 1900),
    Shop("LOJAS RENASCER", "Lojas Renascer", "08040000", 5651, "4781400", 180, 1200),
    Shop("ÓTICA BOA VISTA", "Ótica Boa Vista", "18000000", 8043, "4774100", 380, 2400),
    Shop("DECOLE VIAGENS", "Decole Viagens", "12000000", 4722, "7911200", 900, 7800),
)

# shops abroad, in US dollars
FOREIGN = (
    Shop("AMAZON.COM*RT4G2 SEATTLE", "Amazon", "08010000", 5942, "4789099", 12, 140),
    Shop("OPENAI *API SAN FRANCISCO", "OpenAI", "09000000", 5734, "6311900", 5, 90),
    Shop("STEAM PURCHASE BELLEVUE", "Steam", "09010000", 5816, "6204000", 5, 60),
    Shop("HOSTAL DEL SUR BUENOS AIRES", "Hostal del Sur", "12020000", 7011, "5510801", 40, 210),
)

# fares and snacks that are bought twice a day at one price
REPEATED = (
    Shop("METRÔ SP BILHETE", "Metrô SP", "19020000", 4111, "4912402", 5, 5),
    Shop("CAFÉ EXPRESSO TÉRREO", "Café Expresso Térreo", "11010000", 5814, "5611203", 7, 7),
)

# what a small company buys
BUSINESS = (
    Shop("GRÁFICA TIPOARTE", "Gráfica Tipoarte", "07000000", 2741, "1813001", 120, 1900),
    Shop("KALUNGA DO CENTRO", "Papelaria do Centro", "08000000", 5943, "4761003", 40, 620),
    Shop("POSTO RODOVIA 381", "Posto Rodovia 381", "19050001", 5541, "4731800", 120, 420),
    Shop("RESTAURANTE SABOR CASEIRO", "Restaurante Sabor Caseiro", "11010000", 5812, "5611201", 24, 190),
    Shop("TRANSLOG FRETES", "Translog Fretes", "07000000", 4214, "4930202", 90, 1400),
    Shop("FERRAGENS UNIÃO", "Ferragens União", "08000000", 5251, "4744001", 30, 880),
    Shop("ADS *CLICKS DIGITAL", "Clicks Digital", "09000000", 7311, "7319002", 80, 950),
    Shop("UBER *TRIP", "Uber", "19010000", 4121, "4923001", 14, 78),
)


@cache
def merchant_of(shop: Shop) -> Merchant:
    """The enriched merchant of a shop; the same whatever the seed."""
    cnpj = make_cnpj(Draws(seed_key("merchants"), shop.name))
    legal = f"{shop.name.upper()} COMÉRCIO E SERVIÇOS LTDA"
    return Merchant(
        name=shop.name, business_name=legal, cnpj=cnpj, cnae=shop.cnae, category=categories.name_of(shop.category)
    )


@cache
def _by_cnpj() -> dict[str, Merchant]:
    shops = (*EVERYDAY, *SPLITTABLE, *FOREIGN, *REPEATED, *BUSINESS)
    return {str(merchant.cnpj): merchant for shop in shops for merchant in (merchant_of(shop),)}


def look_up(cnpjs: list[str]) -> MerchantLookup:
    """Known merchants, valid but unknown CNPJs, and what is no CNPJ; each in the order asked."""
    found, missing, invalid = [], [], []
    for asked in cnpjs:
        plain = "".join(character for character in asked if character.isalnum()).upper()
        if not is_cnpj(plain):
            invalid.append(asked)
        elif plain in _by_cnpj():
            found.append(_by_cnpj()[plain])
        else:
            missing.append(asked)
    return MerchantLookup(found_merchants=found, not_found_merchants=missing, invalid_cnpjs=invalid)
