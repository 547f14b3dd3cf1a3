"""HTML: one file that shows everything by itself, without scripts and without anything from elsewhere."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from html import escape

from certification.rules.commandline.origin import Origin
from certification.rules.commandline.output import Checked, View, by_rule
from certification.rules.commandline.style import counted, printable, tally
from certification.rules.findings import Finding, Report, count_by_severity
from certification.rules.profiles import SEVERITIES
from certification.rules.registry import metadata
from certification.rules.version import RULES_VERSION

_WORDS = {"error": "Error", "warning": "Warning", "info": "Note"}
_PLACES_SHOWN = 100
_EXCERPT_CHARACTERS = 120
_EXCERPT_BEFORE = 40
# The anchors that filter: what each of them hides.
_FILTERS = {
    "everything": ("Everything", ""),
    "errors": ("Errors", ".warning, .info, .pass"),
    "warnings": ("Warnings", ".error, .info, .no-warning"),
    "notes": ("Notes", ".error, .warning, .no-info"),
    "failing": ("Failing packages", ".pass"),
    "passing": ("Passing packages", "section.fail"),
}
_STYLE = """
:root { color-scheme: light dark; --text: #1b1f24; --soft: #57606a; --ground: #fff; --panel: #f6f8fa;
  --line: #d0d7de; --link: #0550ae; --error: #b3261e; --warning: #7a4d00; --info: #0550ae; --pass: #116329; }
@media (prefers-color-scheme: dark) { :root { --text: #e6edf3; --soft: #9da7b3; --ground: #0d1117;
  --panel: #161b22; --line: #30363d; --link: #79c0ff; --error: #ff8a80; --warning: #e3b341; --info: #79c0ff;
  --pass: #7ee787; } }
body { font: 16px/1.5 system-ui, sans-serif; color: var(--text); background: var(--ground); margin: 0 auto;
  max-width: 70rem; padding: 1rem; overflow-wrap: anywhere; }
a { color: var(--link); } h1 { font-size: 1.6rem; } h2 { font-size: 1.2rem; } h3 { font-size: 1rem; }
nav ul { display: flex; flex-wrap: wrap; gap: .5rem 1rem; list-style: none; padding: 0; }
table { border-collapse: collapse; width: 100%; }
th, td { text-align: start; padding: .25rem .5rem; vertical-align: top;
  border-bottom: 1px solid var(--line); }
td.number, th.number { text-align: end; font-variant-numeric: tabular-nums; }
section { border-top: 1px solid var(--line); margin-top: 2rem; }
article { background: var(--panel); border-inline-start: 4px solid currentColor; padding: .25rem 1rem;
  margin: 1rem 0; } article > * { color: var(--text); }
.error, .mark.fail { color: var(--error); } .warning { color: var(--warning); } .info { color: var(--info); }
.mark.pass { color: var(--pass); } .mark { font-weight: 600; } article .mark { color: inherit; }
article.error .mark { color: var(--error); } article.warning .mark { color: var(--warning); }
article.info .mark { color: var(--info); }
pre { overflow-x: auto; margin: .25rem 0; } .soft, .place { color: var(--soft); }
mark { background: none; color: inherit; text-decoration: underline wavy var(--error); }
"""


@dataclass(frozen=True)
class Format:
    view: View

    def part(self, report: Report, origin: Origin) -> str:
        groups = by_rule(report.findings)
        counts = count_by_severity(report.findings)
        lacking = " ".join(f"no-{severity}" for severity, count in counts.items() if not count)
        articles = "".join(
            self._rule(found, report.omitted.get(found[0].rule, 0), origin) for found in groups
        )
        return (
            f'<section id="{_anchor(report.package)}" class="package {report.verdict} {lacking}">'
            f"<h2>{_text(report.package)} {_verdict(report.verdict)}</h2>"
            f'<p class="soft">{escape(tally(counts))}; {escape(report.profile.change)} connector, '
            f"{escape(report.profile.publisher)} publisher</p>{articles}</section>\n"
        )

    def document(self, parts: Iterable[Checked]) -> Iterator[str]:
        collected = list(parts)
        yield (
            '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
            '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
            '<meta http-equiv="Content-Security-Policy" content="default-src \'none\'; style-src '
            "'unsafe-inline'\">\n<title>Connector rules</title>\n"
            f"<style>{_STYLE}{_filter_style()}</style>\n</head>\n<body>\n"
        )
        yield "".join(f'<a id="{name}" class="filter"></a>' for name in _FILTERS)
        yield _summary(collected)
        yield "<main>\n"
        for part in collected:
            yield part.text
        yield "</main>\n</body>\n</html>\n"

    def _rule(self, findings: list[Finding], omitted: int, origin: Origin) -> str:
        first = findings[0]
        total = len(findings) + omitted
        places = "".join(_place(finding, origin) for finding in findings[:_PLACES_SHOWN])
        hidden = total - min(len(findings), _PLACES_SHOWN)
        more = f"<p>and {hidden:,} more</p>" if hidden else ""
        fixes = "".join(
            f"<p><strong>Fix:</strong> {_text(fix)}</p>"
            for fix in dict.fromkeys(finding.fix for finding in findings[:_PLACES_SHOWN])
        )
        number = f' <span class="soft">{counted(total, "place")}</span>' if total > 1 else ""
        return (
            f'<article class="{first.severity}"><h3><span class="mark">{_WORDS[first.severity]}</span> '
            f"{escape(first.rule)} {_text(metadata()[first.rule].title)}{number}</h3>"
            f"{places}{more}{fixes}</article>\n"
        )


def _place(finding: Finding, origin: Origin) -> str:
    where = origin.shown(finding)
    where += f":{finding.line}:{finding.column}" if finding.line else ""
    message = f'<p><code class="place">{_text(where)}</code><br>{_text(finding.message)}</p>'
    return message + _excerpt(finding, origin)


def _excerpt(finding: Finding, origin: Origin) -> str:
    file = origin.source(finding)
    if finding.severity != "error" or file is None or not finding.line:
        return ""
    line, at = printable(file.line_text(finding.line)), finding.column - 1
    start = 0 if len(line) <= _EXCERPT_CHARACTERS else max(0, at - _EXCERPT_BEFORE)
    end = min(start + _EXCERPT_CHARACTERS, at + max(1, finding.length))
    parts = line[start:at].lstrip(), line[at:end], line[end : start + _EXCERPT_CHARACTERS]
    before, marked, after = map(escape, parts)
    return f"<pre><code>{before}<mark>{marked}</mark>{after}</code></pre>"


def _summary(parts: list[Checked]) -> str:
    verdicts = [part.verdict for part in parts]
    counts: dict[str, int] = {
        severity: sum(part.counts[severity] for part in parts) for severity in SEVERITIES
    }
    passed = verdicts.count("pass")
    rows = "".join(
        f'<tr><td><a href="#{_anchor(part.package)}">{_text(part.package)}</a></td>'
        f"<td>{_verdict(part.verdict)}</td>"
        + "".join(f'<td class="number">{part.counts[severity]:,}</td>' for severity in SEVERITIES)
        + "</tr>\n"
        for part in parts
    )
    links = "".join(f'<li><a href="#{name}">{label}</a></li>' for name, (label, _) in _FILTERS.items())
    return (
        f"<header><h1>Connector rules</h1><p>{counted(len(parts), 'package')}: {passed} pass, "
        f"{len(parts) - passed} fail; {escape(tally(counts))}. Rules {escape(RULES_VERSION)}.</p>"
        f'<nav aria-label="Show"><ul>{links}</ul></nav>'
        '<table><thead><tr><th scope="col">Package</th><th scope="col">Verdict</th>'
        '<th scope="col" class="number">Errors</th><th scope="col" class="number">Warnings</th>'
        f'<th scope="col" class="number">Notes</th></tr></thead><tbody>{rows}</tbody></table></header>\n'
    )


def _filter_style() -> str:
    """A filter is the target of a link; what it hides follows it in the document."""
    return "".join(
        f"#{name}:target ~ main :is({hidden}) {{ display: none; }}\n"
        for name, (_, hidden) in _FILTERS.items()
        if hidden
    )


def _anchor(package: str) -> str:
    return "package-" + escape(package.encode("utf-8", "surrogatepass").hex())


def _verdict(verdict: str) -> str:
    return f'<span class="mark {verdict}">{verdict}</span>'


def _text(text: str) -> str:
    return escape(printable(text))
