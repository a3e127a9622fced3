"""The built-in classifier, where Pluggy gives no category: by merchant code, text, kind of operation."""

import re
import unicodedata
from functools import lru_cache
from typing import Final, Literal, NamedTuple


class Verdict(NamedTuple):
    """A category, and what spoke for it."""

    category_id: str
    by: Literal["merchant_code", "text", "operation_type"]
    evidence: str


# ISO 18245, first and last code.
_MERCHANT_CODES: Final[tuple[tuple[int, int, str], ...]] = (
    (3000, 3350, "12010000"), (3351, 3500, "12000000"), (3501, 3999, "12020000"), (4111, 4119, "19020000"),
    (4121, 4121, "19010000"), (4131, 4131, "19020000"), (4511, 4582, "12010000"), (4722, 4723, "12000000"),
    (4784, 4784, "19050000"), (4812, 4821, "07010000"), (4899, 4899, "07010000"), (4900, 4900, "17020000"),
    (5200, 5271, "17030000"), (5300, 5399, "08000000"), (5411, 5499, "10000000"), (5511, 5533, "19050000"),
    (5541, 5542, "19050001"), (5611, 5699, "08040000"), (5712, 5722, "17030000"), (5732, 5735, "08020000"),
    (5811, 5814, "11010000"), (5815, 5815, "09000000"), (5816, 5816, "09010000"), (5817, 5818, "09000000"),
    (5912, 5912, "18020000"), (5942, 5942, "08060000"), (5960, 5960, "20000000"), (5964, 5969, "08010000"),
    (6300, 6399, "20000000"), (7011, 7012, "12020000"), (7523, 7549, "19050000"), (7832, 7832, "21010000"),
    (7922, 7922, "21010000"), (7932, 7994, "21000000"), (7995, 7995, "14000000"), (7997, 7997, "07030000"),
    (8011, 8099, "18000000"), (8211, 8299, "07020000"), (8398, 8398, "13000000"), (9311, 9311, "15000000"),
)  # fmt: skip

# Words without case and accents; of several that a text has, the one in the first line here counts.
_WORDS: Final[tuple[tuple[str, str], ...]] = (
    ("15030000", r"\biof\b"),
    ("05100000", r"(pagamento|pgto|pagto)\.? (de |da |do )?(fatura|cartao)|pagamento recebido"),
    ("16000000", r"\btarifa|\banuidade|cesta de servicos|pacote de servicos|manutencao de conta"),
    ("02010000", r"cheque especial|\bmora\b|\bmulta\b"),
    ("03060000", r"\brendimento|\bdividendo|juros s/ ?capital"),
    ("02020000", r"\bjuros\b|\bencargos\b"),
    ("03000000", r"\baplicacao\b|\bresgate\b|\bcdb\b|\btesouro direto\b|\binvestimento"),
    ("01010000", r"\bsalario\b|folha de pagamento|\bproventos\b"),
    ("01020000", r"\baposentadoria\b|\binss\b"),
    ("02030000", r"\bemprestimo|\bfinanciamento\b|\bconsignado\b"),
    ("11020000", r"\bifood\b|\brappi\b|uber ?\*? ?eats|\bdelivery\b"),
    ("19010000", r"\buber\b|\b99 ?(app|pop|taxi)|\bcabify\b"),
    ("09020000", r"\bnetflix\b|\bdisney ?plus\b|\bhbo\b|\bgloboplay\b|prime ?video|\bparamount\b"),
    ("09030000", r"\bspotify\b|\bdeezer\b|apple ?music|youtube ?music"),
    ("09010000", r"\bsteam\b|\bplaystation\b|\bxbox\b|\bnintendo\b"),
    ("08010000", r"mercado ?livre|\bshopee\b|\baliexpress\b|\bamazon\b|\bmagalu\b|magazine luiza|\bshein\b"),
    ("18020000", r"\bfarmacia|\bdrogaria|\bdrogasil\b|droga ?raia"),
    ("10000000", r"supermercado|\bmercado\b|\bmercearia|\batacad|\bcarrefour\b|\bassai\b|pao de acucar|\bhortifruti"),
    ("11010000", r"restaurante|\bpadaria|\blanchonete|\bpizzaria|\bburger|\bchurrascaria|\bcafeteria|\bsorveteria"),
    ("19050001", r"\bposto\b|combustive|\bipiranga\b|\bshell\b|\bpetrobras\b"),
    ("17020002", r"\benel\b|\bcemig\b|\bcopel\b|\bcpfl\b|\benergia\b|\beletropaulo\b"),
    ("17020001", r"\bsabesp\b|\bcopasa\b|\bsanepar\b|\bcedae\b"),
    ("07010000", r"\bvivo\b|\bclaro\b|\btim s/?a\b|\btelefonica\b|\binternet\b"),
    ("17000000", r"\baluguel\b|\bcondominio\b|\bimobiliaria"),
    ("07020000", r"\bescola\b|\bcolegio\b|\bfaculdade\b|\buniversidade\b|\bmensalidade escolar"),
    ("07030000", r"\bacademia\b|smart ?fit|\bcrossfit"),
    ("18000000", r"\bhospital\b|\bclinica\b|\blaboratorio|\bodonto"),
    ("20000000", r"\bseguro(s|ra)?\b|porto seguro"),
    ("12020000", r"\bhotel\b|\bpousada\b|\bairbnb\b|\bbooking\b"),
    ("12010000", r"\blatam\b|gol linhas|azul linhas"),
    ("19020000", r"\bmetro\b|bilhete unico|\bonibus\b"),
    ("15000000", r"\bipva\b|\biptu\b|\bdarf\b|simples nacional"),
    ("13000000", r"\bdoacao\b"),
)
_NUMBERS: Final = re.compile(r"(?<!\d)(?!99(?!\d))\d+")  # 99 is a name as well
_ACCENTS: Final = re.compile("[\u0300-\u036f]")
_PATTERNS: Final = tuple((category_id, re.compile(pattern)) for category_id, pattern in _WORDS)

_OPERATIONS: Final[dict[str, str]] = {
    "PIX": "05070000",
    "TED": "05080000",
    "DOC": "05080000",
    "TRANSFERENCIA_MESMA_INSTITUICAO": "05000000",
    "BOLETO": "05010000",
    "PAGAMENTO_FATURA": "05100000",
    "TARIFA": "16000000",
    "TARIFA_SERVICOS_AVULSOS": "16000000",
    "PACOTE_TARIFA_SERVICOS": "16000000",
    "ENCARGOS_JUROS_CHEQUE_ESPECIAL": "02010000",
    "FOLHA_PAGAMENTO": "01010000",
    "PORTABILIDADE_SALARIO": "01010000",
    "RENDIMENTO_APLIC_FINANCEIRA": "03060000",
    "RESGATE_APLIC_FINANCEIRA": "03000000",
    "OPERACAO_CREDITO": "02000000",
    "OPERACOES_CREDITO_CONTRATADAS_CARTAO": "02000000",
}


@lru_cache(maxsize=4096)
def classify(merchant_code: str | None, text: str, operation_type: str | None) -> Verdict | None:
    """Return the category that a merchant code, else a word of the text, else the kind of operation speaks for."""
    if merchant_code is not None and merchant_code.isdecimal() and (found := _of_merchant(int(merchant_code))):
        return Verdict(found, "merchant_code", merchant_code)
    if (told := _of_words(_NUMBERS.sub("0", _fold(text)))) is not None:
        return told
    found = _OPERATIONS.get(operation_type or "")
    return Verdict(found, "operation_type", operation_type or "") if found else None


def text_to_classify(description: str | None, merchant_name: str | None) -> str:
    """Return the text in which words are looked for."""
    return f"{description or ''} {merchant_name or ''}"


@lru_cache(maxsize=4096)  # numbers alike: they tell purchases at one shop apart, not what they are for
def _of_words(folded: str) -> Verdict | None:
    for category_id, pattern in _PATTERNS:
        if match := pattern.search(folded):
            return Verdict(category_id, "text", match[0])
    return None


def _of_merchant(code: int) -> str | None:
    return next((category_id for first, last, category_id in _MERCHANT_CODES if first <= code <= last), None)


def _fold(text: str) -> str:
    if text.isascii():
        return text.lower()
    return _ACCENTS.sub("", unicodedata.normalize("NFKD", text)).lower()
