"""Markdown of strangers, made safe to put on a page: HTML is switched off, and what is left is cleaned again.

Two walls: markdown-it-py never lets raw HTML through, and nh3 keeps only the tags and attributes listed here.
"""

from __future__ import annotations

import html
from functools import lru_cache

import nh3
from django.utils.safestring import SafeString, mark_safe
from markdown_it import MarkdownIt

# The longest text that is rendered; what is beyond is cut with a note. Forms refuse it earlier.
LONGEST_CHARACTERS = 200_000

# Pictures are not among them: a picture on another server tells that server who reads the page.
_BLOCKS = ("blockquote", "h3", "h4", "h5", "h6", "hr", "li", "ol", "p", "pre", "ul")
_TABLES = ("table", "tbody", "td", "th", "thead", "tr")
_TAGS = frozenset((*_BLOCKS, *_TABLES, "a", "br", "code", "del", "em", "s", "strong"))
_ATTRIBUTES = {"a": {"href", "title"}, "ol": {"start"}, "th": {"align"}, "td": {"align"}}
_SCHEMES = frozenset(("http", "https", "mailto"))


@lru_cache(maxsize=1)
def _parser() -> MarkdownIt:
    options = {"html": False, "linkify": False, "typographer": False, "maxNesting": 30}
    parser = MarkdownIt("commonmark", options)
    parser.enable(["table", "strikethrough"])
    parser.add_render_rule("image", _image_as_text)
    return parser


def _image_as_text(_renderer: object, tokens: object, index: int, _options: object, _env: object) -> str:
    """The words that stand for the picture, as a link where it can be looked at on purpose."""
    token = tokens[index]  # type: ignore[index]
    words = html.escape(token.content or "picture")
    source = html.escape(str(token.attrs.get("src", "")))
    return f'<a href="{source}">{words}</a>'


def render_markdown(text: str) -> SafeString:
    """Safe HTML of a markdown text: no scripts, handlers, styles, forms or pictures; links send no referrer.

    Headings move down two levels, so that a text cannot pose as the page's own title.
    """
    cut = len(text) > LONGEST_CHARACTERS
    source = text[:LONGEST_CHARACTERS].replace("\0", "\ufffd")
    tokens = _parser().parse(source)
    for token in tokens:
        if token.tag in {"h1", "h2", "h3", "h4", "h5", "h6"}:
            token.tag = f"h{min(int(token.tag[1]) + 2, 6)}"
    rendered = _parser().renderer.render(tokens, _parser().options, {})
    clean = nh3.clean(
        rendered,
        tags=set(_TAGS),
        attributes=_ATTRIBUTES,
        url_schemes=set(_SCHEMES),
        link_rel="noopener noreferrer nofollow ugc",
        strip_comments=True,
    )
    if cut:
        clean += "<p>…</p>"
    return mark_safe(clean)  # noqa: S308 - cleaned by nh3 on the line above
