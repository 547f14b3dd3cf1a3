"""The report as one SVG picture: where the time goes by lane, and the review queue through the year."""

from __future__ import annotations

from collections.abc import Iterator
from html import escape

from certification.simulation.journey import PARTIES
from certification.simulation.report import Report

WIDTH, _LEFT, _RIGHT = 960, 120, 40
_BAR, _GAP, _TOP, _QUEUE = 26, 12, 96, 180
# Told apart by lightness too, for readers who do not tell the hues apart.
COLOURS = {
    "publisher": "#4c57dc",
    "reviewer": "#0c5a6d",
    "operator": "#3aa6c0",
    "machine": "#8b8e99",
    "calendar": "#d3d4db",
    "freeze": "#b5dde6",
    "incident": "#c9372e",
}


def svg(report: Report, *, title: str = "A simulated year") -> str:
    """A complete document without scripts and style sheets."""
    lanes = [name for name in report.shares if report.lead[name].count]
    queue_top = _TOP + len(lanes) * (_BAR + _GAP) + 72
    height = queue_top + _QUEUE + 48
    parts = [
        _opening(height, title),
        f'<rect width="{WIDTH}" height="{height}" fill="#ffffff"/>',
        _text(_LEFT, 34, title, size=18, weight=600),
        *_legend(),
        *_bars(report, lanes),
        *_queue(report, queue_top),
        "</svg>",
    ]
    return "\n".join(parts) + "\n"


def _opening(height: int, title: str) -> str:
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" role="img" '
        f'aria-label="{escape(title)}" font-family="Inter, system-ui, sans-serif" font-size="13" '
        f'fill="#17181c">'
    )


def _text(
    x: float, y: float, text: str, *, size: int = 13, weight: int = 400, anchor: str = "start", fill: str = ""
) -> str:
    colour = f' fill="{fill}"' if fill else ""
    return (
        f'<text x="{x:.1f}" y="{y:.1f}" font-size="{size}" font-weight="{weight}" '
        f'text-anchor="{anchor}"{colour}>{escape(text)}</text>'
    )


def _legend() -> Iterator[str]:
    x = float(_LEFT)
    for party in PARTIES:
        yield f'<rect x="{x:.1f}" y="54" width="12" height="12" rx="2" fill="{COLOURS[party]}"/>'
        yield _text(x + 17, 64.5, party)
        x += 34 + 7.2 * len(party)


def _bars(report: Report, lanes: list[str]) -> Iterator[str]:
    longest = max((report.lead[name].mean for name in lanes), default=1.0) or 1.0
    room = WIDTH - _LEFT - _RIGHT - 170
    for index, name in enumerate(lanes):
        y, x = _TOP + index * (_BAR + _GAP), float(_LEFT)
        lead = report.lead[name]
        yield _text(_LEFT - 12, y + 17.5, name, weight=600, anchor="end")
        for party in PARTIES:
            width = report.shares[name][party] * lead.mean / longest * room
            if width >= 0.5:
                yield (
                    f'<rect x="{x:.1f}" y="{y}" width="{width:.1f}" height="{_BAR}" fill="{COLOURS[party]}">'
                    f"<title>{escape(name)}: {party} {report.shares[name][party]:.0%}</title></rect>"
                )
            x += width
        yield _text(x + 10, y + 17.5, f"mean {lead.mean:.1f} d, half {lead.p50:.1f} d", fill="#575a65")


def _queue(report: Report, top: int) -> Iterator[str]:
    room = WIDTH - _LEFT - _RIGHT
    highest = max(report.queue_longest, 1)
    bottom = top + _QUEUE
    label = f"Waiting for a reviewer (mean {report.queue_mean:.1f}, longest {report.queue_longest})"
    yield _text(_LEFT, top - 16, label, weight=600)
    for share in (0.0, 0.5, 1.0):
        y = bottom - share * _QUEUE
        yield f'<line x1="{_LEFT}" y1="{y:.1f}" x2="{WIDTH - _RIGHT}" y2="{y:.1f}" stroke="#e6e6eb"/>'
        yield _text(_LEFT - 12, y + 4, f"{share * highest:.0f}", anchor="end", fill="#575a65")
    if not report.queue:
        return
    step = room / max(len(report.queue) - 1, 1)
    points = " ".join(
        f"{_LEFT + index * step:.1f},{bottom - length / highest * _QUEUE:.1f}"
        for index, (_, length) in enumerate(report.queue)
    )
    yield f'<polyline points="{points}" fill="none" stroke="{COLOURS["publisher"]}" stroke-width="1.5"/>'
    for index, (day, _) in enumerate(report.queue):
        if day.endswith("-01"):
            yield _text(_LEFT + index * step, bottom + 20, day[:7], size=11, anchor="middle", fill="#575a65")
