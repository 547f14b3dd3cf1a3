"""Does what docs/first-hours.md says: one sentence a step, with the keys of a keyboard, finding everything by its name."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

PAGE = Path(__file__).resolve().parents[2] / "docs" / "first-hours.md"
# Longer than any page: whoever pressed Tab so often without arriving is lost.
LOST_AFTER = 400
ROLES = ("button", "link", "textbox", "combobox", "checkbox", "radio")
# Whether one sees where one is: an outline or a shadow, on something that is not hidden under something else.
IS_SEEN = """element => {
  const shown = element.closest('label') || element;
  const styles = [getComputedStyle(element), getComputedStyle(element, '::after'), getComputedStyle(shown)];
  const marked = styles.some(each =>
    (each.outlineStyle !== 'none' && parseFloat(each.outlineWidth) > 0) || each.boxShadow !== 'none');
  const box = element.getBoundingClientRect();
  const x = Math.min(Math.max(box.x + box.width / 2, 1), innerWidth - 1), y = box.y + Math.min(box.height / 2, 20);
  const top = document.elementFromPoint(x, y);
  return marked && (!top || element.contains(top) || top.contains(element) || shown.contains(top));
}"""


@dataclass(frozen=True)
class Script:
    """One chapter of the page: its title, what it counts, and its sentences."""

    title: str
    presses: int
    pages: int
    steps: tuple[str, ...]


def scripts() -> Iterator[Script]:
    """The chapters of docs/first-hours.md."""
    for part in PAGE.read_text(encoding="utf-8").split("\n## ")[1:]:
        title, _, body = part.partition("\n")
        counted = re.search(r"^(\d+) presses, (\d+) pages\.$", body, re.M)
        assert counted, f"{title} does not say what it counts"
        steps = tuple(re.findall(r"^\d+\. (.+)$", body, re.M))
        yield Script(title, int(counted[1]), int(counted[2]), steps)


@dataclass
class Newcomer:
    """Somebody at the keyboard. `brings` are things the page only names: the package, the introduction, the mail."""

    page: Any
    brings: Mapping[str, Callable[[], Any]]
    presses: int = 0
    pages: int = 0
    unseen: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.page.on("request", self._asked)

    def _asked(self, request: Any) -> None:
        self.pages += request.is_navigation_request() and request.redirected_from is None

    def follow(self, script: Script) -> None:
        """Do every step; a sentence nobody understands is an error."""
        for step in script.steps:
            for pattern, deed in _SENTENCES:
                if found := re.fullmatch(pattern, step):
                    deed(self, *found.groups())
                    break
            else:
                raise AssertionError(f"nobody understands: {step}")

    def open(self, path: str) -> None:
        self.page.goto(path)
        self._settle()

    def press(self, name: str) -> None:
        self.presses += 1
        self._reach(name, ("button", "link"))
        self.page.keyboard.press("Enter")
        self._settle()

    def type(self, text: str, name: str) -> None:
        self._reach(name, ("textbox",))
        self.page.keyboard.press("Control+a")
        self.page.keyboard.insert_text(text)

    def type_what_is_brought(self, thing: str, name: str) -> None:
        self.type(self.brings[thing](), name)

    def choose_in(self, option: str, name: str) -> None:
        box = self._reach(name, ("combobox",))
        self.page.keyboard.type(option)
        assert box.evaluate("e => e.selectedOptions[0].label") == option, f"{option} in {name}"

    def choose(self, name: str) -> None:
        self.presses += 1
        wanted = self._named(name, ("radio",))
        self._tab_to(
            wanted,
            "e => document.activeElement.type === 'radio' && document.activeElement.name === e.name",
            name,
        )
        for _ in range(10):
            if wanted.evaluate("e => e.checked"):
                return
            self.page.keyboard.press(
                "Space" if wanted.evaluate("e => e === document.activeElement") else "ArrowDown"
            )
        raise AssertionError(f"{name} cannot be chosen")

    def tick(self, name: str) -> None:
        self.presses += 1
        box = self._reach(name, ("checkbox",))
        self.page.keyboard.press("Space")
        assert box.is_checked(), f"{name} is not ticked: {box.evaluate('e => e.outerHTML')}"

    def attach(self, thing: str, name: str) -> None:
        self.presses += 1
        self._reach(name, ("button",))
        # The drop zone opens the chooser once its script runs; on a busy machine that is later than the button.
        self.page.wait_for_load_state("networkidle")
        with self.page.expect_file_chooser(timeout=90_000) as chooser:
            self.page.keyboard.press("Enter")
        chooser.value.set_files(self.brings[thing]())

    def read(self, words: str) -> None:
        self.page.get_by_role("main").get_by_text(words).first.wait_for(state="visible", timeout=10_000)

    def follow_link(self, thing: str) -> None:
        self.presses += 1
        self.open(self.brings[thing]())

    def wait(self, thing: str) -> None:
        self.brings[thing]()
        self.page.reload()
        # Looking again is not a step of the way.
        self.pages -= 1
        self._settle()

    def _settle(self) -> None:
        # A key's work may begin a moment after it.
        self.page.wait_for_timeout(100)
        self.page.wait_for_load_state("load")
        self.page.wait_for_selector(".htmx-request", state="detached")

    def _named(self, name: str, roles: tuple[str, ...]) -> Any:
        """The control of that name, on the page rather than around it; fragments may still be on their way."""
        for _ in range(60):
            if found := self._found(name, roles):
                return found
            self.page.wait_for_timeout(100)
        raise AssertionError(f"{self.page.url} has no {' or '.join(roles)} called {name}")

    def _found(self, name: str, roles: tuple[str, ...]) -> Any:
        beginning = re.compile(rf"^\s*{re.escape(name)}", re.I)
        for region in (self.page.get_by_role("main"), self.page):
            for words, exact in ((name, True), (beginning, None)):
                for role in roles:
                    found = region.get_by_role(role, name=words, exact=exact).locator("visible=true")
                    if found.count():
                        return found.first
        return None

    def _reach(self, name: str, roles: tuple[str, ...]) -> Any:
        wanted = self._named(name, roles)
        self._tab_to(wanted, "e => e === document.activeElement", name)
        return wanted

    def _tab_to(self, wanted: Any, is_there: str, name: str) -> None:
        handle = wanted.element_handle()
        for _ in range(LOST_AFTER):
            if handle.evaluate(is_there):
                break
            self.page.keyboard.press("Tab")
        else:
            raise AssertionError(f"Tab does not lead to {name} on {self.page.url}")
        if not handle.evaluate(IS_SEEN):
            self.unseen.append(f"{name} on {self.page.url}")


_SENTENCES: tuple[tuple[str, Callable[..., None]], ...] = (
    (r"Open `(.+)`\.", Newcomer.open),
    (r"Press \*\*(.+)\*\*\.", Newcomer.press),
    (r"Type `(.+)` into \*\*(.+)\*\*\.", Newcomer.type),
    (r"Type (the .+) into \*\*(.+)\*\*\.", Newcomer.type_what_is_brought),
    (r"Choose `(.+)` in \*\*(.+)\*\*\.", Newcomer.choose_in),
    (r"Choose \*\*(.+)\*\*\.", Newcomer.choose),
    (r"Tick \*\*(.+)\*\*\.", Newcomer.tick),
    (r"Attach (the .+) to \*\*(.+)\*\*\.", Newcomer.attach),
    (r"Follow (the link of the mail)\.", Newcomer.follow_link),
    (r"Wait until (the portal has worked)\.", Newcomer.wait),
    (r"Read \*\*(.+)\*\*\.", Newcomer.read),
)
