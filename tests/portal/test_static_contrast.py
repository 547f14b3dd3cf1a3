"""WCAG AA by calculation: each text colour on each surface it stands on, in light and in dark."""

import re
from pathlib import Path

import pytest

TOKENS = (Path(__file__).resolve().parents[2] / "static/css/tokens.css").read_text()
PAIRS = re.findall(r"--([a-z-]+): light-dark\((#[0-9a-f]{6}), (#[0-9a-f]{6})\);", TOKENS)
COLOURS = {"light": {n: light for n, light, _ in PAIRS}, "dark": {n: dark for n, _, dark in PAIRS}}
TONES = ["neutral", "info", "progress", "success", "warning", "danger"]
SURFACES = ["canvas", "surface", "sunken", "raised", "sidebar", "hover", "selected"]


def _luminance(colour: str) -> float:
    channels = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, other: str) -> float:
    high, low = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("text", ["text", "text-muted", "text-faint", "accent"])
@pytest.mark.parametrize("surface", SURFACES)
def test_text_is_readable_on_every_surface(theme: str, text: str, surface: str):
    assert contrast(COLOURS[theme][text], COLOURS[theme][surface]) >= 4.5


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("tone", TONES)
def test_a_tone_is_readable_on_its_own_background_and_on_the_page(theme: str, tone: str):
    colours = COLOURS[theme]
    assert contrast(colours[f"{tone}-text"], colours[f"{tone}-bg"]) >= 4.5
    assert contrast(colours[f"{tone}-text"], colours["surface"]) >= 4.5
    assert contrast(colours["text"], colours[f"{tone}-bg"]) >= 4.5


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("mark", ["border-control", "focus", *[f"{tone}-solid" for tone in TONES]])
def test_what_shows_a_control_or_a_state_stands_out_from_the_page(theme: str, mark: str):
    assert contrast(COLOURS[theme][mark], COLOURS[theme]["surface"]) >= 3


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_words_on_filled_buttons_are_readable(theme: str):
    assert contrast(COLOURS[theme]["on-ink"], COLOURS[theme]["ink"]) >= 4.5
    assert contrast("#ffffff", COLOURS[theme]["danger-fill"]) >= 4.5


def test_black_on_white_has_the_contrast_that_the_standard_says():
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
