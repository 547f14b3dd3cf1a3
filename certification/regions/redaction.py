"""Make text that came from a region fit for logs, pages and the database."""

from __future__ import annotations

import base64
import re
from urllib.parse import quote

from certification.regions.errors import EXCERPT_CHARACTERS
from certification.regions.protocol import HiddenText

MASK = "[hidden]"
# Long runs without punctuation are keys, tokens or their encodings (base64 at any offset, hex, percent
# signs); sentences and names do not contain them.
_LONG_RUN = re.compile(r"[A-Za-z0-9+/=%]{24,}")


def redacted(text: str, *secrets: HiddenText, limit: int = EXCERPT_CHARACTERS) -> str:
    """`text` on one line, at most `limit` characters, without control characters and without our secrets.

    A hostile region may reflect the token we sent, as it is or encoded.
    """
    # Cut before searching: a region may send 256 KB. The surplus keeps a token at the edge whole for the
    # search.
    texts = [plain for secret in secrets if (plain := secret.reveal())]
    text = text[: limit * 2 + max(map(len, texts), default=0) * 4]
    text = "".join(character if character.isprintable() else " " for character in text)
    for form in sorted({form for plain in texts for form in _forms(plain)}, key=len, reverse=True):
        text = re.sub(re.escape(form), MASK, text, flags=re.IGNORECASE)
    text = " ".join(_LONG_RUN.sub(MASK, text).split())
    return text if len(text) <= limit else text[: limit - 1] + "…"


def _forms(secret: str) -> set[str]:
    raw = secret.encode()
    return {secret, quote(secret, safe=""), raw.hex(), base64.b64encode(raw).decode()}
