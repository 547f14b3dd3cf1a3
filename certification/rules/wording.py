"""What several rules ask of a text: product names, addresses, English."""

from __future__ import annotations

import re
import unicodedata
from urllib.parse import urlsplit

# The exact list of the official validator; then the other names of the platform, and all names without blank.
RESTRICTED_PRODUCTS = re.compile(r"\b(?:Power Apps|Power Automate|Logic Apps)\b", re.IGNORECASE)
PLATFORM_PRODUCTS = re.compile(
    r"\b(?:Power ?Platform|Power ?BI|Power ?Virtual ?Agents|Copilot ?Studio|Microsoft ?Flow"
    r"|PowerApps|PowerAutomate|LogicApps)\b",
    re.IGNORECASE,
)
ANY_PRODUCT = re.compile(f"{RESTRICTED_PRODUCTS.pattern}|{PLATFORM_PRODUCTS.pattern}", re.IGNORECASE)
WORD_API = re.compile(r"\bAPI\b", re.IGNORECASE)
WORD_API_OR_APIS = re.compile(r"\bAPIs?\b", re.IGNORECASE)
WORD_CONNECTOR = re.compile(r"\bconnectors?\b", re.IGNORECASE)

_EMAIL = re.compile(r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@(?:[A-Za-z0-9-]{1,63}\.){1,8}[A-Za-z0-9-]{2,63}")
_HOST = re.compile(r"(?:[^\W_](?:[\w-]{0,61}[^\W_])?\.)*[^\W_](?:[\w-]{0,61}[^\W_])?\.?")
_WORDS = re.compile(r"[^\W\d_]+")

# Function words that no other of the languages shares. A word of two languages says nothing and is left out.
_ENGLISH_WORDS = (
    "the and of to for is are with your you that this from by it its as be can or on which their our we at "
    "has have into using use all any"
)
_FOREIGN_WORDS = (
    "der die das und ist mit für von den dem ein eine einer wird zum zur auf nicht sich auch oder werden "
    "le la les des est une du dans pour avec sur vous votre qui que aux cette "
    "el los las una por para con del su sus como este esta más "
    "il lo gli della delle dei per che sono questo questa nella "
    "het een van voor met zijn wordt deze naar "
    "uma dos das com não seu sua você "
    "och att för som är med den till"
)
_ENGLISH, _FOREIGN = frozenset(_ENGLISH_WORDS.split()), frozenset(_FOREIGN_WORDS.split())


def is_web_address(text: str) -> bool:
    """An absolute http(s) URL with a host and without blanks."""
    address = text.strip()
    if any(character.isspace() or ord(character) < 32 for character in address):
        return False
    try:
        parts = urlsplit(address)
        host = parts.hostname or ""
        _ = parts.port
    except ValueError:
        return False
    if parts.scheme.lower() not in ("http", "https"):
        return False
    return bool(_HOST.fullmatch(host)) or (host.count(":") > 1 and "[" in parts.netloc)


def is_email(text: str) -> bool:
    """A plain ASCII address: one @, a domain with a dot."""
    return len(text) <= 254 and _EMAIL.fullmatch(text.strip()) is not None


def non_latin_letters(text: str) -> tuple[int, int]:
    """The number of letters of other scripts than Latin, and of all letters."""
    letters = [character for character in text if character.isalpha()]
    foreign = sum(1 for letter in letters if not letter.isascii() and not _is_latin(letter))
    return foreign, len(letters)


def is_other_script(text: str) -> bool:
    """Three letters, or more than 5 % of them, outside the Latin script."""
    if text.isascii():
        return False
    foreign, letters = non_latin_letters(text)
    return foreign >= 3 or (foreign > 0 and foreign / letters > 0.05)


def foreign_words(text: str) -> int:
    """How many more function words of other languages than English ones the text has; 0 or less: English."""
    words = [word.lower() for word in _WORDS.findall(text[:20_000])]
    return sum(word in _FOREIGN for word in words) - sum(word in _ENGLISH for word in words)


def _is_latin(letter: str) -> bool:
    # Modifier letters, ordinals and full-width forms carry no script of their own worth an objection.
    name = unicodedata.name(letter, "")
    return "LATIN" in name or "MODIFIER" in name or "ORDINAL" in name or name in ("MICRO SIGN", "KELVIN SIGN")
