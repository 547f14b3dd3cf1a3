"""The strict Content-Security-Policy holds by construction: no template carries an inline style or script."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PAGES = sorted(
    path for path in (ROOT / "templates").rglob("*.html") if "email" not in path.relative_to(ROOT).parts[1:2]
)
COMMENT = re.compile(r"{% comment %}.*?{% endcomment %}|{#.*?#}", re.S)


def _id(path: Path) -> str:
    return path.relative_to(ROOT / "templates").as_posix()


@pytest.mark.parametrize("page", PAGES, ids=_id)
def test_a_template_has_no_inline_style_script_or_event_handler(page: Path):
    text = COMMENT.sub("", page.read_text())
    assert not re.search(r"<style\b", text)
    assert not re.search(r"\sstyle\s*=", text)
    assert not re.search(r"\son[a-z]+\s*=\s*[\"']", text)
    assert not re.search(r"\bhx-on\b|\bhx-vals\s*=\s*[\"']js:", text)
    assert "javascript:" not in text
    for attributes, body in re.findall(r"<script\b([^>]*)>(.*?)</script>", text, re.S):
        data = "application/json" in attributes
        assert data or ("src=" in attributes and not body.strip())


def test_our_scripts_never_build_code_or_markup_from_text():
    for script in (ROOT / "static/js").glob("*.js"):
        text = script.read_text()
        assert not re.search(
            r"\beval\(|new Function|innerHTML|outerHTML|insertAdjacentHTML|document\.write", text
        )


def test_htmx_is_told_to_keep_to_the_policy():
    document = (ROOT / "templates/_document.html").read_text()
    assert '"includeIndicatorStyles":false' in document
    assert '"allowEval":false' in document
    assert '"selfRequestsOnly":true' in document
