"""How each component of the sheet looks, as data: what it is coloured, how large it is and how far from its neighbours.

A component is the first element of each combination of tag and classes in a section of /design/. Pictures would differ with
every machine's fonts and rasteriser; what the browser computed differs when somebody changes a style.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path

# combination of width and scheme -> component -> values
Looks = Mapping[str, Mapping[str, str]]

FILE = Path(__file__).with_name("design.json")
COLOURS = (
    "color", "background-color", "border-top-color", "border-bottom-color", "fill", "stroke", "opacity",
)  # fmt: skip
LAYOUT = (
    "display", "text-align", "font-size", "font-weight", "line-height", "padding", "margin-top", "margin-bottom", "gap",
    "border-width", "border-radius", "box-shadow",
)  # fmt: skip
# The height of one line in the interface's own font is the same everywhere. What wraps, or is written in the
# machine's font for code, has the height of its text.
READ = """([names, isLayout]) => {
  // What pulses or fades is looked at as it is at rest.
  for (const each of document.getAnimations()) each.cancel();
  const found = {};
  const DRAWN = ["fill", "stroke"];
  const two = number => Number(number).toString(16).padStart(2, "0");
  const short = value => value.replaceAll("rgba(0, 0, 0, 0)", "none")
    .replace(/rgb\\((\\d+), (\\d+), (\\d+)\\)/g, (all, red, green, blue) => `#${two(red)}${two(green)}${two(blue)}`);
  for (const section of document.querySelectorAll("main section[id]"))
    for (const element of section.querySelectorAll("*")) {
      const classes = [...element.classList].sort().join(".");
      if (!classes && !element.matches("button, input, select, textarea, h2, h3, th, td, a, kbd, p")) continue;
      if (element.closest("canvas, use, .u-wrap, .chart__plot")) continue;
      const name = `${section.id} ${element.tagName.toLowerCase()}${classes && "." + classes}`;
      if (name in found || !element.checkVisibility()) continue;
      const style = getComputedStyle(element);
      const values = names.filter(each => !DRAWN.includes(each) || element.closest("svg")).map(each => short(style.getPropertyValue(each)));
      const height = element.getBoundingClientRect().height;
      if (isLayout && height < 50 && !element.matches(".mono *, code, pre, kbd") && !element.querySelector(".mono, code, pre, kbd"))
        values.push(`${Math.round(height)} high`);
      found[name] = values.join("; ");
    }
  return found;
}"""


def stored() -> Looks:
    """What was agreed on."""
    found: Looks = json.loads(FILE.read_text(encoding="utf-8"))
    return found


def store(looks: Looks) -> None:
    FILE.write_text(json.dumps(looks, indent=1, sort_keys=True) + "\n", encoding="utf-8")


def differences(before: Looks, after: Looks) -> Iterator[str]:
    """One line for every component that is gone, new or different, with both looks."""
    for kind in sorted({*before, *after}):
        old, new = before.get(kind, {}), after.get(kind, {})
        for name in sorted({*old, *new}):
            if old.get(name) != new.get(name):
                yield f"{kind}: {name}\n  was {old.get(name)}\n  is  {new.get(name)}"
