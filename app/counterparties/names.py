"""Names and texts of statements in the form they are compared in. Pure."""

import re
from functools import lru_cache
from unicodedata import combining, normalize

_LEGAL_FORM = re.compile(r"\s(?:ltda|s a|sa|me|epp|eireli|mei|cia|s s)$")
_NOT_WORD = re.compile(r"[^a-z0-9]+")
_DIGITS = re.compile(r"\d+")


@lru_cache(maxsize=50_000)
def plain(text: str) -> str:
    """Return the text without accents, case and punctuation, its words one space apart."""
    letters = "".join(letter for letter in normalize("NFKD", text.casefold()) if not combining(letter))
    return _NOT_WORD.sub(" ", letters).strip()


@lru_cache(maxsize=50_000)
def normalized_name(name: str) -> str:
    """Return a name to compare by: plain, and without the legal form at its end."""
    text = plain(name)
    shorter = _LEGAL_FORM.sub("", text)
    while shorter != text:
        text, shorter = shorter, _LEGAL_FORM.sub("", shorter)
    return text


@lru_cache(maxsize=50_000)
def text_key(text: str) -> str:
    """Return what stays the same in the texts of one payee: plain, without the numbers that change."""
    return " ".join(_DIGITS.sub(" ", plain(text)).split()) or plain(text)
