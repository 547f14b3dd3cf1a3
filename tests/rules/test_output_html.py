"""HTML: one file that is complete, harmless and well-formed."""

from __future__ import annotations

from html.parser import HTMLParser
from pathlib import Path

from tests.rules.packages import BAD, GOOD, WARNED, folder
from tests.rules.reports import checked, hostile, three_packages

VOID = {"meta", "br", "link", "img"}


class Page(HTMLParser):
    """Elements, their attributes and the text of a page; every element is closed in its turn."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.feed(text)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if "style" not in self.open:
            self.text += data


def page(path: Path) -> Page:
    return Page(checked(path, "--format", "html"))


def test_it_needs_nothing_from_elsewhere_and_no_script(tmp_path: Path) -> None:
    text = checked(three_packages(tmp_path, BAD, GOOD), "--format", "html")
    read = Page(text)
    assert {tag for tag, _ in read.tags} & {"script", "link", "img", "iframe", "object", "form"} == set()
    for _, attributes in read.tags:
        assert not any(name.startswith("on") for name in attributes)
        assert (attributes.get("href") or "#").startswith("#")
    assert "url(" not in text
    assert "default-src 'none'" in text
    assert "prefers-color-scheme: dark" in text
    assert text.startswith("<!doctype html>\n<html lang=")


def test_the_summary_counts_and_leads_to_every_package(tmp_path: Path) -> None:
    read = page(three_packages(tmp_path, BAD, GOOD))
    assert "3 packages: 1 pass, 2 fail; 2 errors." in read.text
    ids = [attributes["id"] for _, attributes in read.tags if "id" in attributes]
    assert len(ids) == len(set(ids))
    targets = [
        str(attributes["href"])[1:] for tag, attributes in read.tags if tag == "a" and "href" in attributes
    ]
    assert set(targets) <= set(ids)
    assert sum(target.startswith("package-") for target in targets) == 3


def test_filters_are_anchors_in_front_of_what_they_hide(tmp_path: Path) -> None:
    folder(tmp_path / "bad", BAD.members())
    folder(tmp_path / "warned", WARNED.members())
    text = checked(tmp_path, "--format", "html")
    assert text.index('id="errors"') < text.index("<main>")
    assert "#errors:target ~ main :is(.warning, .info, .pass) { display: none; }" in text
    articles = [attributes["class"] for tag, attributes in Page(text).tags if tag == "article"]
    assert articles == ["error", "warning"]


def test_text_of_a_package_stays_text(tmp_path: Path) -> None:
    read = page(folder(tmp_path / "<i>tides</i>", hostile().members()))
    assert "<script>alert(1)</script>" in read.text
    assert "<i>tides</i>" in read.text
    assert {tag for tag, _ in read.tags} & {"script", "i"} == set()
    assert not set(read.text) & {"\x9b", "\u202e"}


def test_the_line_of_an_error_is_shown_with_its_place_marked(tmp_path: Path) -> None:
    read = page(folder(tmp_path / "tides", BAD.members()))
    assert f'"title": "{BAD.set["/info/title"]}"' in read.text
    assert [tag for tag, _ in read.tags].count("mark") == 1
