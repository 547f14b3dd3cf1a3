"""What a region of each kind needs to know: one table for the form, the API, the checks and the drivers.

A setting lives in the region's address, in its plain settings, or (when it is a secret) in its encrypted
credentials; `Setting` says which. Nothing here reaches a region.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from certification.regions.addresses import check_base_url
from certification.regions.protocol import Token

ADDRESS = "base_url"
"""The one setting with a column of its own: where a region with an address is called."""

MAX_ARGUMENTS = 32
_DNS_LABEL = r"[a-z0-9](?:[-a-z0-9]{0,61}[a-z0-9])?"
_IMAGE = r"[a-z0-9][A-Za-z0-9._/:@-]{0,254}"
_PEM = r"-----BEGIN [A-Z0-9 ]+-----\s[\s\S]+-----END [A-Z0-9 ]+-----\s*"


class Shape(StrEnum):
    """What a value looks like, and so which control a form shows for it."""

    TEXT = "text"
    BLOCK = "block"
    LINES = "lines"
    NUMBER = "number"
    FLAG = "flag"
    CHOICE = "choice"
    ADDRESS = "address"
    PROGRAM = "program"
    TOKEN = "token"  # noqa: S105 - the name of a shape


@dataclass(frozen=True, slots=True)
class Setting:
    """One thing to know about a region. `pattern` is for texts, `least` and `most` for numbers."""

    name: str
    label: str
    help: str = ""
    shape: Shape = Shape.TEXT
    is_required: bool = False
    is_secret: bool = False
    default: object = ""
    choices: tuple[tuple[str, str], ...] = ()
    pattern: str = ""
    advice: str = ""
    least: int = 0
    most: int = 0


@dataclass(frozen=True, slots=True)
class RegionKind:
    """A way to reach regions, in words an administrator chooses by."""

    name: str
    label: str
    summary: str
    icon: str
    settings: tuple[Setting, ...]

    @property
    def secrets(self) -> tuple[Setting, ...]:
        return tuple(setting for setting in self.settings if setting.is_secret)


_HTTP = RegionKind(
    "http",
    "HTTP",
    "The region, or something in front of it, serves the documented region protocol.",
    "world",
    (
        Setting(
            ADDRESS,
            "Address",
            "Where the region serves the region protocol.",
            Shape.ADDRESS,
            is_required=True,
        ),
        Setting(
            "token", "Token", "We call the region with it.", Shape.TOKEN, is_required=True, is_secret=True
        ),
        Setting(
            "calls_operations",
            "Call an operation when probing",
            "Besides asking what runs, call one read operation through the region's gateway.",
            Shape.FLAG,
            default=False,
        ),
    ),
)

_COMMAND = RegionKind(
    "command",
    "Command",
    "A program on the portal's workers does the work: a script around somebody else's tool.",
    "command",
    (
        Setting(
            "program",
            "Program",
            "One of those that the machine's owner allows in REGION_PROGRAMS.",
            Shape.PROGRAM,
            is_required=True,
        ),
        Setting(
            "arguments",
            "Arguments",
            "One a line, given before the request's name. No shell reads them, so nothing needs quoting.",
            Shape.LINES,
        ),
        Setting(
            "seconds",
            "Time limit in seconds",
            "A program that runs longer is killed; its outcome is unknown.",
            Shape.NUMBER,
            default=10,
            least=1,
            most=20,
        ),
        Setting(
            "token",
            "Token",
            "The program finds it in the environment as REGION_TOKEN.",
            Shape.TOKEN,
            is_secret=True,
        ),
    ),
)

_MANUAL = RegionKind(
    "manual",
    "By hand",
    "A place without an interface: a person deploys, and says so.",
    "hand-stop",
    (
        Setting(
            "instructions",
            "Instructions",
            "What to do there, step by step. Everybody who operates reads them.",
            Shape.BLOCK,
            is_required=True,
        ),
        Setting(
            "confirmation_days",
            "Days a confirmation holds",
            "After that many days somebody has to look again.",
            Shape.NUMBER,
            default=30,
            least=1,
            most=365,
        ),
    ),
)

_KUBERNETES = RegionKind(
    "kubernetes",
    "Kubernetes",
    "One ConfigMap per connector in a namespace of a cluster and, if wanted, a Deployment that serves it.",
    "hexagon",
    (
        Setting(ADDRESS, "API server", "Its address, as in the kubeconfig.", Shape.ADDRESS, is_required=True),
        Setting(
            "namespace",
            "Namespace",
            "It must exist.",
            is_required=True,
            default="connectors",
            pattern=_DNS_LABEL,
            advice="A namespace is lower case letters, digits and hyphens, at most 63.",
        ),
        Setting(
            "certificate_authority",
            "Certificate authority",
            "PEM, as in the kubeconfig. Empty trusts the system's authorities.",
            Shape.BLOCK,
            pattern=_PEM,
            advice="Paste the whole PEM block, from BEGIN to END.",
        ),
        Setting(
            "workload",
            "Workload",
            "What counts as deployed.",
            Shape.CHOICE,
            default="none",
            choices=(
                ("none", "ConfigMaps only: deployed when they are applied"),
                ("deployment", "A Deployment per connector: deployed when all its replicas are available"),
            ),
        ),
        Setting(
            "image",
            "Image",
            "Only for a Deployment: it finds the package under /connector.",
            pattern=_IMAGE,
            advice="An image is named like registry.example/runtime:1.4.",
        ),
        Setting("replicas", "Replicas", "", Shape.NUMBER, default=2, least=1, most=100),
        Setting(
            "takes_over",
            "Take over fields",
            "Win when another manager has changed our fields.",
            Shape.FLAG,
            default=False,
        ),
        Setting("token", "Service account token", "", Shape.TOKEN, is_secret=True),
        Setting(
            "client_certificate",
            "Client certificate",
            "PEM; with the key below it replaces the token.",
            Shape.BLOCK,
            is_secret=True,
            pattern=_PEM,
            advice="Paste the whole PEM block, from BEGIN to END.",
        ),
        Setting(
            "client_key",
            "Client key",
            "",
            Shape.BLOCK,
            is_secret=True,
            pattern=_PEM,
            advice="Paste the whole PEM block, from BEGIN to END.",
        ),
    ),
)

_SIMULATOR = RegionKind(
    "simulator",
    "Simulator",
    "No place at all: the portal pretends. For rehearsals and dry runs of a plan.",
    "flask",
    (
        Setting("seconds", "Seconds a deployment takes", "", Shape.NUMBER, default=5, least=0, most=86_400),
        Setting(
            "failures_percent",
            "Deployments that fail, in percent",
            "Which ones follows from their key, so a rehearsal repeats itself exactly.",
            Shape.NUMBER,
            default=0,
            least=0,
            most=100,
        ),
    ),
)

KINDS: dict[str, RegionKind] = {
    kind.name: kind for kind in (_HTTP, _COMMAND, _KUBERNETES, _MANUAL, _SIMULATOR)
}


def kind_of(name: str) -> RegionKind:
    try:
        return KINDS[name]
    except KeyError:
        raise ValueError(f"No kind of region is called {name!r}: choose one of {', '.join(KINDS)}.") from None


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What the checks need to know of the machine: which programs may run, whether loopback may be called."""

    programs: tuple[str, ...] = ()
    allow_insecure: bool = False


def cleaned_settings(
    kind: RegionKind,
    values: Mapping[str, object],
    around: Surroundings,
    *,
    kept: frozenset[str] = frozenset(),
) -> tuple[dict[str, object], dict[str, list[str]]]:
    """The values of a kind's settings in their own types, and what is wrong with them, by name.

    `kept` names secrets that are stored already, so that an empty field is no fault.
    """
    clean: dict[str, object] = {}
    faults: dict[str, list[str]] = {}
    for setting in kind.settings:
        value = values.get(setting.name)
        is_empty = value is None or (isinstance(value, str) and not value.strip()) or value == []
        if is_empty:
            clean[setting.name] = _empty(setting)
            if setting.is_required and not clean[setting.name] and setting.name not in kept:
                faults[setting.name] = [f"{setting.label} is needed."]
            continue
        try:
            clean[setting.name] = _cleaned(setting, value, around)
        except ValueError as error:
            faults[setting.name] = [str(error)]
    for name in values.keys() - {setting.name for setting in kind.settings}:
        faults[name] = [f"Regions reached by {kind.label} have no setting {name[:40]!r}."]
    _check_together(kind, clean, faults, kept)
    return clean, faults


def _empty(setting: Setting) -> object:
    if setting.shape is Shape.LINES:
        return []
    if setting.shape in (Shape.FLAG, Shape.NUMBER, Shape.CHOICE):
        return setting.default
    return ""


def _cleaned(setting: Setting, value: object, around: Surroundings) -> object:
    if setting.shape is Shape.FLAG:
        return _flag(setting, value)
    if setting.shape is Shape.NUMBER:
        return _number(setting, value)
    if setting.shape is Shape.LINES:
        return _lines(value)
    text = _text(setting, value)
    if setting.shape is Shape.ADDRESS:
        check_base_url(text, allow_insecure=around.allow_insecure)
    elif setting.shape is Shape.TOKEN:
        Token(text)
    elif setting.shape is Shape.PROGRAM and text not in around.programs:
        allowed = ", ".join(around.programs) or "none yet"
        raise ValueError(f"Choose a program that REGION_PROGRAMS allows: {allowed}.")
    elif setting.choices and text not in dict(setting.choices):
        raise ValueError(f"Choose one of {', '.join(dict(setting.choices))}.")
    elif setting.pattern and not re.fullmatch(setting.pattern, text):
        raise ValueError(setting.advice)
    return text


def _text(setting: Setting, value: object) -> str:
    if not isinstance(value, str) or "\0" in value:
        raise ValueError(f"{setting.label} is a text.")
    limit = 20_000 if setting.shape is Shape.BLOCK else 4_000 if setting.shape is Shape.TOKEN else 300
    if len(value) > limit:
        raise ValueError(f"{setting.label} has at most {limit} characters.")
    return value.strip().replace("\r\n", "\n")


def _flag(setting: Setting, value: object) -> bool:
    if not isinstance(value, bool):
        raise ValueError(f"{setting.label} is yes or no.")
    return value


def _number(setting: Setting, value: object) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not setting.least <= value <= setting.most:
        raise ValueError(f"{setting.label}: a whole number from {setting.least} to {setting.most}.")
    return value


def _lines(value: object) -> list[str]:
    lines = value.splitlines() if isinstance(value, str) else value
    if not isinstance(lines, (list, tuple)) or not all(isinstance(line, str) for line in lines):
        raise ValueError("Give one argument a line.")
    kept = [line.strip() for line in lines if line.strip()]
    if len(kept) > MAX_ARGUMENTS or any("\0" in line or len(line) > 500 for line in kept):
        raise ValueError(f"At most {MAX_ARGUMENTS} arguments of at most 500 characters.")
    return kept


def _check_together(
    kind: RegionKind, clean: dict[str, object], faults: dict[str, list[str]], kept: frozenset[str]
) -> None:
    """What no setting can say alone."""
    if kind is not KINDS["kubernetes"]:
        return
    held = {name for name, value in clean.items() if value} | kept
    if clean.get("workload") == "deployment" and not clean.get("image"):
        faults.setdefault("image", ["A Deployment needs an image."])
    if ("client_certificate" in held) != ("client_key" in held):
        faults.setdefault("client_key", ["A client certificate and its key belong together: give both."])
    elif "token" not in held and "client_certificate" not in held:
        faults.setdefault("token", ["Give a service account token, or a client certificate and its key."])
