"""Words that are translated when they are shown, for tables and classes that are built once."""

from collections.abc import Callable
from typing import cast

from django.utils.text import format_lazy
from django.utils.translation import get_language, gettext_lazy, trans_real

# A lazy text behaves as str wherever it is shown, compared, formatted or stored. Typed as one, tables of
# labels keep `str` in their fields; only str.join() wants a real one.
lazy = cast("Callable[[str], str]", gettext_lazy)
lazy_format = cast("Callable[..., str]", format_lazy)

_NOUNS_WITH_CAPITALS = {"de", "lb"}


def reader_language() -> str:
    """The language of this request's reader without its region, such as "de"; English without one."""
    return (get_language() or "en").partition("-")[0]


def in_sentence(label: str) -> str:
    """A label within a sentence: small where its language writes nouns small, as it is where it does not."""
    text = str(label)
    return text if reader_language() in _NOUNS_WITH_CAPITALS else text.lower()


def counted(count: int, forms: str) -> str:
    """`counted(3, _("region,regions"))` -> "3 regions".

    The forms are one message: a translation gives as many, between commas, as its language has plurals.
    """
    choices = forms.split(",")
    which = min(int(trans_real.catalog().plural(count)), len(choices) - 1)
    return f"{count} {choices[which]}"
