"""The main pages in a language that runs from right to left: nothing too wide, nothing over anything, code as it is written.

The portal has no such language yet; Django brings the texts of its own and the direction for Arabic, and that is what turns
the pages round. A translation then is a catalogue and a line in `LANGUAGES`.
"""

from __future__ import annotations

import pytest
from django.conf import settings as project

from tests.browser.budgets import BUDGETS
from tests.browser.stage import Stage

pytestmark = [pytest.mark.browser, pytest.mark.django_db, pytest.mark.timeout(300)]
WIDTHS = (1440, 390)
# What a reader would see: boxes out of sight to either side, words over words, code and drawings turned round.
LOOK = """() => {
  const faults = [], root = document.documentElement, width = root.clientWidth;
  const say = element => element.tagName.toLowerCase() + "." + element.className.toString().trim().replaceAll(" ", ".");
  if (getComputedStyle(root).direction !== "rtl") faults.push("runs from left to right");
  if (root.scrollWidth > width) faults.push(`${root.scrollWidth - width} px too wide`);
  const scrolls = element => {
    for (let at = element.parentElement; at; at = at.parentElement)
      if (["auto", "scroll", "hidden", "clip"].includes(getComputedStyle(at).overflowX)) return true;
    return false;
  };
  const cut = (element, line) => {
    for (let at = element; at !== document.body; at = at.parentElement) {
      const box = at.getBoundingClientRect();
      if (getComputedStyle(at).overflowX !== "visible" && (line.right < box.left + 2 || line.left > box.right - 2)) return true;
    }
    return false;
  };
  const seen = element => element.checkVisibility({visibilityProperty: true, opacityProperty: true})
    && !element.closest(".visually-hidden, .skip-link, [popover]:not(:popover-open), dialog:not([open])");
  const words = [];
  for (const element of document.querySelectorAll("body *")) {
    const box = element.getBoundingClientRect();
    if (!box.width || !box.height || !seen(element)) continue;
    if (!element.closest("svg") && (box.left < -1 || box.right > width + 1) && !scrolls(element) && !element.matches(".sidebar, .sidebar *"))
      faults.push(`${say(element)} from ${Math.round(box.left)} to ${Math.round(box.right)}`);
    if (element.matches("pre, code, .code, svg:not(use)") && getComputedStyle(element).direction !== "ltr") faults.push(`${say(element)} is turned round`);
    const own = [...element.childNodes].filter(node => node.nodeType === 3 && node.data.trim());
    if (!own.length || element.closest("svg, .code, select, .comparison")) continue;
    const range = document.createRange();
    for (const node of own) {
      range.selectNodeContents(node);
      for (const line of range.getClientRects()) if (line.width > 2 && !cut(element, line)) words.push([element, line]);
    }
  }
  words.sort((one, other) => one[1].top - other[1].top);
  for (let i = 0; i < words.length; i++) {
    const [one, a] = words[i];
    for (let j = i + 1; j < words.length && words[j][1].top < a.bottom - 3; j++) {
      const [other, b] = words[j];
      if (one === other || one.contains(other) || other.contains(one)) continue;
      const across = Math.min(a.right, b.right) - Math.max(a.left, b.left);
      const down = Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top);
      if (across > 3 && down > 4) faults.push(`${say(one)} "${one.innerText}" over ${say(other)} "${other.innerText}"`);
    }
  }
  return [...new Set(faults)];
}"""


@pytest.fixture
def arabic(settings):
    settings.LANGUAGES = [*project.LANGUAGES, ("ar", "العربية")]


@pytest.mark.parametrize("budget", BUDGETS, ids=[each.place for each in BUDGETS])
def test_a_main_page_runs_from_right_to_left(new_stage, arabic, public_path, budget):
    stage: Stage = new_stage(language="ar")
    is_public = budget.route == "public_connector"
    assert stage.visit(budget.role, public_path if is_public else stage.path(budget.route, **budget.query))
    for width in WIDTHS:
        stage.page.set_viewport_size({"width": width, "height": 900})
        assert stage.page.evaluate(LOOK) == [], width
    assert stage.complaints == []


def test_words_over_words_and_code_that_is_turned_round_are_told(new_stage, arabic):
    stage: Stage = new_stage(language="ar")
    assert stage.visit("owner", stage.path("rule_list"))
    # The policy of the pages allows no style in them; a sheet that a script makes is not in the page.
    stage.page.evaluate(
        """() => {
          const sheet = new CSSStyleSheet();
          sheet.replaceSync("h1 { margin-bottom: -3rem !important } code { direction: rtl !important }");
          document.adoptedStyleSheets = [sheet];
        }"""
    )
    told = " ".join(stage.page.evaluate(LOOK))
    assert " over " in told
    assert "is turned round" in told


def test_what_points_along_the_line_turns_round(new_stage, arabic):
    scale = "getComputedStyle(document.querySelector('main .icon--along')).scale"
    for language, expected in (("en", "none"), ("ar", "-1 1")):
        stage: Stage = new_stage(language=language)
        assert stage.visit("operator", stage.path("calendar_month"))
        assert stage.page.evaluate(scale) == expected
