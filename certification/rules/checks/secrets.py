"""Secrets that were left in the files: tokens and keys whose form tells what they are."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

import re2

from certification.rules.findings import Hit
from certification.rules.registry import rule
from certification.rules.walk import Node

# Patterns that begin with plain letters are found fast; that no letter or digit stands before is asked later.
_SECRETS = tuple(
    (kind, re.compile(pattern, re.ASCII))
    for kind, pattern in (
        ("JSON web token", r"eyJ[\w-]{10,4096}+\.eyJ[\w-]{10,65536}+\.[\w-]{10,4096}"),
        ("AWS access key", r"A[KS]IA[A-Z0-9]{16}(?![A-Za-z0-9])"),
        ("Stripe live key", r"sk_live_[A-Za-z0-9]{16,256}"),
        ("Stripe live key", r"rk_live_[A-Za-z0-9]{16,256}"),
        ("Slack token", r"xox[abeoprs]-(?=[\w-]{0,256}[0-9])[\w-]{10,256}"),
        ("GitHub token", r"gh[opsru]_[A-Za-z0-9]{36,255}(?!\w)"),
        ("GitHub token", r"github_pat_\w{22,255}"),
    )
)
# One pass over the bytes says that there is none, which is nearly always so.
_ANY_SECRET = re2.compile(
    r"eyJ[\w-]{10}|A[KS]IA[A-Z0-9]{16}|[rs]k_live_|xox[abeoprs]-|gh[opsru]_[A-Za-z0-9]{36}|github_pat_"
)
# The same for a file of a few lines: that one has at least one of these.
_MARKS = (
    b"eyJ", b"AKIA", b"ASIA", b"k_live_", b"xox", b"gho_", b"ghp_", b"ghs_", b"ghr_", b"ghu_", b"github_pat_",
)  # fmt: skip
_BEGINNINGS = (
    "eyj", "akia", "asia", "_live_", "xox", "gho_", "ghp_", "ghs_", "ghr_", "ghu_", "github_pat_",
)  # fmt: skip


@rule("SEC-020", on=("json-file", "script"))
def secret_in_file(file: Node) -> Iterable[Hit]:
    """The definition is left to the check below: only there does the size matter."""
    definition, content = file.run.package.definition, file.value.content
    if definition is not None and file.value is definition.file:
        return ()
    return _secrets(file) if any(mark in content for mark in _MARKS) else ()


@rule("SEC-020", on="definition-file", needles=_BEGINNINGS)
def secret_in_definition(file: Node) -> Iterable[Hit]:
    return _secrets(file) if _ANY_SECRET.search(file.value.content) else ()


def _secrets(file: Node) -> Iterator[Hit]:
    """The message names the kind only: a secret must not be repeated in reports."""
    text: str = file.value.text
    for kind, pattern in _SECRETS:
        for match in pattern.finditer(text):
            if not text[match.start() - 1 : match.start()].isalnum():
                yield file.hit_span(*match.span(), value=kind)
