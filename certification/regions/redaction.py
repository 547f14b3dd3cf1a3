"""Make text that came from a region fit for logs, pages and the database."""

from __future__ import annotations

import base64
import re
from urllib.parse import quote

from certification.regions.errors import EXCERPT_CHARACTERS
from certification.regions.protocol import Token

MASK = "[hidden]"
# Long runs without punctuation are keys, tokens or their encodings (base64 at any offset, hex, percent
# signs); sentences and names do not contain them.
_LONG_RUN = re.compile(r"[A-Za-z0-9+/=%]{24,}")


def redacted(text: str, token: Token, *, limit: int = EXCERPT_CHARACTERS) -> str:
    """`text` on one line, at most `limit` characters, without control characters and without our token.

    A hostile region may reflect the token we sent, as it is or encoded.
    """
    # Cut before searching: a region may send 256 KB. The surplus keeps a token at the edge whole for the
    # search.
    secret = token.reveal()
    text = text[: limit * 2 + len(secret) * 4]
    text = "".join(character if character.isprintable() else " " for character in text)
    raw = secret.encode()
    for form in {secret, quote(secret, safe=""), raw.hex(), base64.b64encode(raw).decode()}:
        text = re.sub(re.escape(form), MASK, text, flags=re.IGNORECASE)
    text = " ".join(_LONG_RUN.sub(MASK, text).split())
    return text if len(text) <= limit else text[: limit - 1] + "…"
