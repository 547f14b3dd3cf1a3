"""Comparisons in two columns, and the colours of source lines."""

from __future__ import annotations

import pytest
from django.urls import reverse

from certification.queries.colouring import coloured
from certification.reviewing.differences import line_diff
from certification.reviewing.side_by_side import side_by_side
from certification.rules.examples import Case
from tests.factories.reviews import resubmit, reviewed
from tests.factories.submissions import submission_in


def sides(old, new):
    return [
        (pair.old and pair.old.text, pair.new and pair.new.text)
        for pair in side_by_side(line_diff(old, new).rows)
        if not pair.is_hunk
    ]


def test_a_changed_line_stands_beside_what_it_was():
    assert sides(["a", "b", "c"], ["a", "x", "c"]) == [("a", "a"), ("b", "x"), ("c", "c")]


def test_what_has_no_counterpart_stands_alone():
    assert sides(["a", "b"], ["a"]) == [("a", "a"), ("b", None)]
    assert sides(["a"], ["a", "b", "c"]) == [("a", "a"), (None, "b"), (None, "c")]


def test_every_line_of_both_texts_is_there_once():
    old, new = [f"old {n}" for n in range(7)], [f"new {n}" for n in range(4)]
    pairs = sides(old, new)
    assert [left for left, _ in pairs if left] == old
    assert [right for _, right in pairs if right] == new


@pytest.mark.parametrize(
    ("text", "file", "expected"),
    [
        ('var x = "<b>"; // <i>', "script.csx", '<span class="tok-key">var</span> x = '),
        ('{"a": 1}', "a.json", '<span class="tok-key">&quot;a&quot;</span>:'),
        ("var <b>", "readme.md", "var &lt;b&gt;"),
    ],
)
def test_lines_are_coloured_and_escaped(text, file, expected):
    html = coloured(text, file)
    assert expected in html
    assert "<b>" not in html
    assert "<i>" not in html


@pytest.mark.django_db
def test_a_script_is_shown_side_by_side(cast, sign_in):
    before, after = "public class Script { int a = 1; }\n", "public class Script { int a = 2; }\n"
    first = submission_in("in_review", cast.owner, case=Case(files={"script.csx": before}))
    submission = resubmit(reviewed(first), Case(files={"script.csx": after}).archive(), cast.owner)
    address = reverse("review_file_changes", args=[submission.pk]) + "?file=script.csx&since=1"
    browser = sign_in(cast.reviewer)
    page = browser.get(address).content.decode()
    assert "diff--split" in page
    assert page.index('<span class="tok-literal">1</span>') < page.index('<span class="tok-literal">2</span>')
    assert "diff--split" not in browser.get(f"{address}&view=lines").content.decode()
