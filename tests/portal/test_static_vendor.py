"""What the pages load: vendored files are what VERSIONS.md says, icons exist, the first page stays light."""

import gzip
import hashlib
import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
STATIC = ROOT / "static"
TEMPLATES = ROOT / "templates"
BUDGET_BYTES = 120_000


def _vendored() -> dict[str, str]:
    rows = re.findall(
        r"^\| `([^`]+)` \|.*\| `([0-9a-f]{64})` \|$", (STATIC / "vendor/VERSIONS.md").read_text(), re.M
    )
    return dict(rows)


def _templates() -> dict[str, str]:
    return {path.relative_to(TEMPLATES).as_posix(): path.read_text() for path in TEMPLATES.rglob("*.html")}


def _symbols() -> set[str]:
    return set(re.findall(r'<symbol id="([^"]+)"', (STATIC / "icons/sprite.svg").read_text()))


def test_every_vendored_file_has_the_checksum_written_down_for_it():
    found = {
        path.relative_to(STATIC / "vendor").as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in (STATIC / "vendor").rglob("*")
        if path.is_file() and path.name != "VERSIONS.md"
    }
    assert found == _vendored()


def test_every_icon_named_in_a_template_is_in_the_sprite():
    used: dict[str, str] = {}
    for name, text in _templates().items():
        for icon in re.findall(r'{% icon "([^"]+)"', text):
            used[icon] = name
        for icon in re.findall(r'{%[^%]*\b(?:default:|icon_name=|action_icon=)"([a-z0-9-]+)"[^%]*%}', text):
            if f'icon_name="{icon}"' in text or f'action_icon="{icon}"' in text:
                used[icon] = name
        for icon in re.findall(r'{% badge (?:_\([^)]*\)|"[^"]*"|\S+) "\w+" "([^"]+)"', text):
            used[icon] = name
    assert len(used) > 30
    assert {icon: where for icon, where in used.items() if icon not in _symbols()} == {}


def test_every_icon_named_for_a_state_or_in_a_script_is_in_the_sprite():
    from portal.shared.templatetags.states import STATES, TURNS

    named = {look.icon for look in [*STATES.values(), *TURNS.values()]}
    script = (STATIC / "js/app.js").read_text()
    named |= set(re.findall(r'icon\("([a-z0-9-]+)"', script)) | set(re.findall(r"#([a-z-]+)`\)", script))
    named |= set(re.findall(r'\b(?:success|danger|warning|info): "([a-z-]+)"', script))
    assert named - _symbols() == set()


def test_every_static_file_named_in_a_template_or_stylesheet_exists():
    missing = []
    for name, text in _templates().items():
        for path in re.findall(r"{% static '([^']+)'", text) + re.findall(r'{% static "([^"]+)"', text):
            # The scripts of the sign-in library come from its own package.
            if not (STATIC / path).exists() and not path.startswith(("account/", "mfa/")):
                missing.append(f"{name}: {path}")
    for sheet in (STATIC / "css").glob("*.css"):
        for path in re.findall(r'url\("([^"]+)"\)', sheet.read_text()):
            if not (sheet.parent / path).exists():
                missing.append(f"{sheet.name}: {path}")
    assert missing == []


def test_the_first_page_with_font_icons_and_scripts_stays_within_its_budget():
    document = (TEMPLATES / "_document.html").read_text()
    paths = {
        path for path in re.findall(r"{% static '([^']+)'", document) if not path.endswith("touch-icon.png")
    }
    assert {"css/tokens.css", "vendor/htmx/htmx.min.js", "js/app.js", "icons/sprite.svg"} <= paths
    total = 0
    for path in paths:
        raw = (STATIC / path).read_bytes()
        total += len(raw) if path.endswith(".woff2") else len(gzip.compress(raw, 9))
    # The HTML of a page itself is some 8 kB compressed at most.
    assert total + 8_000 < BUDGET_BYTES


def test_nothing_is_loaded_from_another_host():
    remote = []
    for path in [*STATIC.rglob("*.css"), *STATIC.rglob("*.js"), *TEMPLATES.rglob("*.html")]:
        if "vendor" in path.parts:
            continue
        for address in re.findall(
            r'(?:src|href|url\(|@import|fetch\()\s*=?\s*["\']?(https?://[^"\')\s]+)', path.read_text()
        ):
            remote.append(f"{path.name}: {address}")
    assert remote == []
