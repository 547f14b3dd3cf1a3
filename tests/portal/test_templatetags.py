"""Display tags: icons, times in the reader's zone, states, turns, people, pages, excerpts and differences."""

import datetime as dt

import pytest
import time_machine
from django import forms
from django.core.paginator import Paginator
from django.template import Context, Template
from django.template.loader import render_to_string
from django.test import RequestFactory
from django.utils import timezone

from portal.shared.templatetags import display, excerpts, navigation
from portal.shared.templatetags.states import STATES, TURNS, look_of_state

NOW = dt.datetime(2026, 3, 4, 12, 0, tzinfo=dt.UTC)
LIBRARIES = "{% load display navigation excerpts %}"


@pytest.fixture(autouse=True)
def _a_fixed_noon_in_berlin():
    with time_machine.travel(NOW, tick=False), timezone.override("Europe/Berlin"):
        yield


def render(source: str, **context: object) -> str:
    return Template(LIBRARIES + source).render(Context(context))


@pytest.mark.parametrize(
    ("offset", "words"),
    [
        (dt.timedelta(0), "just now"),
        (dt.timedelta(seconds=-44), "just now"),
        (dt.timedelta(minutes=-5), "5 min ago"),
        (dt.timedelta(minutes=-59, seconds=-40), "1 h ago"),
        (dt.timedelta(hours=-23), "23 h ago"),
        (dt.timedelta(days=-3), "3 d ago"),
        (dt.timedelta(minutes=10), "in 10 min"),
        (dt.timedelta(hours=6), "in 6 h"),
        (dt.timedelta(days=2), "in 2 d"),
    ],
)
def test_a_moment_is_told_as_seen_from_now(offset: dt.timedelta, words: str):
    assert display.relative_text(NOW + offset, NOW) == words


def test_a_time_carries_the_machine_value_in_utc_and_the_readers_zone_in_its_title():
    html = display.when(NOW - dt.timedelta(hours=2))
    assert 'datetime="2026-03-04T10:00:00+00:00"' in html
    assert "11:00:00 CET" in html
    assert "data-relative" in html
    assert ">2 h ago<" in html


def test_a_time_older_than_a_month_is_told_as_a_date_that_no_script_rewrites():
    html = display.when(NOW - dt.timedelta(days=60))
    assert ">3 Jan, 13:00<" in html
    assert "data-relative" not in html


def test_another_year_is_named():
    assert ">28 Jan 2025, 13:00<" in display.when(NOW - dt.timedelta(days=400))


def test_a_plain_date_and_a_missing_moment_are_shown_too():
    assert display.when(dt.date(2026, 3, 6)) == '<time datetime="2026-03-06">Fri 6 Mar</time>'
    assert "&ndash;" in display.when(None)


@pytest.mark.parametrize(
    ("span", "words"),
    [
        (dt.timedelta(days=2, hours=4, minutes=9), "2 d 4 h"),
        (dt.timedelta(hours=2, minutes=5), "2 h 5 min"),
        (dt.timedelta(hours=3), "3 h"),
        (dt.timedelta(minutes=7, seconds=30), "7 min"),
        (35, "35 s"),
        (0, "0 s"),
        (-5, "0 s"),
        (None, ""),
    ],
)
def test_a_duration_shows_its_two_largest_units(span: dt.timedelta | int | None, words: str):
    assert display.duration(span) == words


def test_every_state_and_turn_has_its_badge_and_an_unknown_state_is_plain_not_wrong():
    for name, look in STATES.items():
        html = display.state_badge(name)
        assert f"tone-{look.tone}" in html
        assert str(look.label) in html
    assert all(str(TURNS[name].label) in display.turn_chip(name) for name in TURNS)
    assert look_of_state("brand_new_state").label == "Brand new state"
    assert "tone-neutral" in display.state_badge("brand_new_state")


def test_what_a_person_typed_is_escaped_in_every_tag():
    nasty = '<script>"x"</script>'
    for html in (
        display.badge(nasty),
        display.state_badge(nasty),
        display.turn_chip("publisher", name=nasty),
        display.person(nasty, nasty),
        display.copy_button(nasty),
        display.digest(nasty),
        display.icon(nasty, label=nasty),
    ):
        assert "<script>" not in html
        assert '"x"' not in html


def test_the_readers_own_turn_is_told_apart_and_says_since_when():
    html = display.turn_chip("publisher", NOW - dt.timedelta(hours=2, minutes=5), mine=True)
    assert "turn--mine" in html
    assert "Your turn" in html
    assert "since 2 h 5 min" in html
    assert "turn--mine" not in display.turn_chip("publisher")


@pytest.mark.parametrize(
    ("name", "letters"),
    [
        ("Mara Lindqvist", "ML"),
        ("mara.lind@x.example", "ML"),
        ("Orchard", "OR"),
        ("", "?"),
        ("--", "?"),
        ("é", "É"),
    ],
)
def test_initials_come_from_names_and_mailboxes(name: str, letters: str):
    assert display.initials(name) == letters


def test_large_counts_are_written_short():
    assert [display.compact(n) for n in (950, 12_400, 3_000_000, 0)] == ["950", "12.4k", "3M", "0"]
    assert display.compact(None) == "-"


def test_pages_keep_the_other_filters_and_mark_the_current_one():
    request = RequestFactory().get("/x/?state=open&page=4")
    html = render("{% pagination page %}", page=Paginator(range(240), 25).page(4), request=request)
    assert "?state=open&amp;page=5" in html
    assert html.count('aria-current="page"') == 1
    assert "76 to 100 of 240" in html


def test_a_single_page_needs_no_links():
    assert render("{% pagination page %}", page=Paginator(range(3), 25).page(1)).strip() == ""


def test_a_sorted_column_says_so_and_turns_round():
    context = {"request": RequestFactory().get("/x/?sort=name&page=3")}
    header = navigation.sort_header(context, "name", "Connector")
    assert header["direction"] == "ascending"
    assert header["url"] == "?sort=-name"
    assert navigation.sort_header(context, "age", "Age")["direction"] == ""


def test_a_link_changes_one_parameter_and_keeps_the_rest():
    assert navigation.url_with("/a/?x=1&y=2#z", y="3") == "/a/?x=1&y=3#z"


def test_an_excerpt_numbers_its_lines_and_marks_the_one_meant():
    html = render("{% code_excerpt text 10 11 %}", text="one\n<two>\nthree")
    assert 'data-line="10"' in html
    assert "&lt;two&gt;" in html
    assert html.count("is-hit") == 1


def test_a_line_of_a_megabyte_is_cut_before_it_reaches_the_browser():
    context = excerpts.code_excerpt("x" * 1_000_000)
    assert len(context["lines"][0]["text"]) == excerpts.MAX_LINE + 1


def test_a_difference_shows_both_numbers_and_only_what_changed():
    rows = excerpts.diff_rows("a\nb\nc", "a\nB\nc\nd")
    kinds = [(row["kind"], row["old"], row["new"]) for row in rows]
    assert kinds == [
        ("hunk", None, None),
        ("context", 1, 1),
        ("removed", 2, None),
        ("added", None, 2),
        ("context", 3, 3),
        ("added", None, 4),
    ]
    assert excerpts.diff_rows("same", "same") == []


def test_a_form_names_its_optional_fields_and_ties_errors_to_their_control():
    class Form(forms.Form):
        name = forms.CharField()
        note = forms.CharField(required=False, help_text="Anything")
        agree = forms.BooleanField()

    html = Form({"name": ""}).render()
    assert html.count("optional") == 1
    assert 'id="id_name_error"' in html
    assert "id_name_error" in html.split("<input", 1)[1].split(">", 1)[0]
    assert html.index('id="id_name_error"') < html.index('name="name"')
    assert 'id="id_note_helptext"' in html
    assert "check" in html


def test_the_component_sheet_and_the_error_pages_render_without_any_context():
    request = RequestFactory().get("/design/")
    sheet = render_to_string("design/sheet.html", {"request": request})
    assert "Private note" in sheet
    assert "region--verified" in sheet
    for page in ("400", "403", "403_csrf", "404", "429", "500"):
        assert page[:3] in render_to_string(f"{page}.html")


def test_a_mail_frame_has_the_same_facts_and_action_in_text_and_in_html():
    context = {
        "heading": "Live in Korea",
        "body": "Version 1.4 was verified.",
        "facts": [("Wave", "2 of 6")],
        "action_url": "https://portal.example/r/4",
        "action_label": "See the rollout",
        "why": "You own it.",
        "preferences_url": "https://portal.example/p",
    }
    for part in ("email/base.html", "email/base.txt"):
        text = render_to_string(part, context)
        for words in (
            "Live in Korea",
            "Version 1.4 was verified.",
            "2 of 6",
            "https://portal.example/r/4",
            "You own it.",
        ):
            assert words in text
