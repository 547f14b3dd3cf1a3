"""Web addresses, for rules that look at many of them."""

from __future__ import annotations

import re

from certification.rules import wording

# What nearly every address looks like.
_PLAIN = re.compile(
    r"https?://(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.){1,9}[a-z]{2,20}(?:/[A-Za-z0-9/._~%!$&'()*+,;=:@?#-]*)?"
).fullmatch


def is_web_address(text: str) -> bool:
    """The same as `wording.is_web_address`, and faster."""
    return _PLAIN(text) is not None or wording.is_web_address(text)
