"""Names of connectors: what they may look like, what makes two of them the same, and how they are
addressed.
"""

from __future__ import annotations

import re
import unicodedata

from django.utils.text import slugify
from django.utils.translation import gettext as _

from portal.shared.errors import InvalidInput

SHORTEST, LONGEST = 3, 60
# What certification accepts as a title; a longer name can be reserved but has to be shortened by then.
LONGEST_TITLE = 30
_HOST = re.compile(r"(?=.{4,253}\Z)(?:(?!-)[a-z0-9-]{1,63}(?<!-)\.)+(?=.*[a-z])[a-z0-9-]{2,63}\Z")
_NOISE_WORDS = ("api", "connector")


def name_key(name: str) -> str:
    """The name without case, accents, spaces and punctuation: two names with one key are the same name."""
    folded = unicodedata.normalize("NFKD", unicodedata.normalize("NFKD", name).casefold())
    return "".join(char for char in folded if char.isalnum())


def check_name(name: str) -> str:
    """The name in its stored form. Raises `InvalidInput` with what to change."""
    name = " ".join(unicodedata.normalize("NFKC", name).split())
    fault = _fault_of(name)
    if fault:
        raise InvalidInput(fault, fields={"name": [fault]})
    return name


def _fault_of(name: str) -> str:
    key = name_key(name)
    if not SHORTEST <= len(name) <= LONGEST or not 2 <= len(key) <= LONGEST:
        return _("A name has %(least)s to %(most)s characters, letters and digits among them.") % {
            "least": SHORTEST,
            "most": LONGEST,
        }
    if not name.isprintable():
        return _("The name contains a character that cannot be seen: type it again.")
    if any(char.isalpha() and not unicodedata.name(char, "").startswith("LATIN") for char in name):
        # Letters of other scripts that look like Latin ones would let one name pass for another.
        return _("Write the name in Latin letters: users in every region search for it.")
    if not any(char.isalpha() for char in name):
        return _("The name needs a letter.")
    if not name[0].isalnum() or not (name[-1].isalnum() or name[-1] == ")"):
        return _("The name begins and ends with a letter or digit.")
    return ""


def advice_on(name: str) -> list[str]:
    """What certification will ask to be changed later, one sentence each. Reserving the name works anyway."""
    found = []
    if len(name) > LONGEST_TITLE:
        found.append(
            _("Titles have at most %(longest_title)s characters; this one has %(name)s.")
            % {"longest_title": LONGEST_TITLE, "name": len(name)}
        )
    words = re.findall(r"[a-z0-9]+", name.lower())
    found += [
        _("Leave out the word “%(word)s”: it says nothing here.") % {"word": word}
        for word in _NOISE_WORDS
        if word in words
    ]
    return found


def slug_of(name: str, attempt: int = 0) -> str:
    """What the connector is called towards regions, e.g. "harbour-tides"; later attempts carry a number."""
    base = slugify(name)[:50].strip("-_") or "connector"
    return f"{base}-{attempt + 1}" if attempt else base


def check_host(host: str) -> str:
    """The host name alone, in lower case; an address that was pasted whole is cut down to it. "" stays ""."""
    host = re.sub(r"^[a-z]+://", "", host.strip().lower()).split("/")[0].split(":")[0].rstrip(".")
    if host and not _HOST.match(host):
        text = _("Give a public host name such as api.example.com, without port and path.")
        raise InvalidInput(text, fields={"backend_host": [text]})
    return host
