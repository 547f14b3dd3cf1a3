"""Which of many words a file contains, told by one pass of an automaton over its bytes.

Most files contain no word of most rules that look for words. Asking for each word alone costs a pass each; a
pattern of Python tries all of them at every character.
"""

from __future__ import annotations

from collections.abc import Iterable

import re2


class Words:
    """Words of ASCII letters, digits and signs; letter case does not count."""

    def __init__(self, words: Iterable[str]) -> None:
        self._words = tuple(dict.fromkeys(words))
        options = re2.Options()
        options.case_sensitive = False
        options.log_errors = False
        self._set = re2.Set.SearchSet(options)
        for word in self._words:
            self._set.Add(re2.escape(word))
        if self._words:
            self._set.Compile()

    def absent_from(self, content: bytes) -> frozenset[str]:
        """The words that do not occur in the bytes of an ASCII-compatible text."""
        present = (self._set.Match(content) or ()) if self._words else ()
        return frozenset(self._words).difference(self._words[number] for number in present)
