"""Names of entries: which are dangerous, which clash, which are left-overs, and what each file is for."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from enum import StrEnum

from connectors.definitions.problems import Limits, Problem, problem, shown


class Role(StrEnum):
    """What a file is for."""

    DEFINITION = "definition"
    PROPERTIES = "properties"
    ICON = "icon"
    INTRO = "intro"
    README = "readme"
    SCRIPT = "script"
    SETTINGS = "settings"
    CUSTOM_PROPERTIES = "custom_properties"
    IMAGE = "image"
    JUNK = "junk"
    EXTRA = "extra"
    FOLDER = "folder"


CANONICAL_NAMES = {
    Role.DEFINITION: "apiDefinition.swagger.json",
    Role.PROPERTIES: "apiProperties.json",
    Role.ICON: "icon.png",
    Role.INTRO: "intro.md",
    Role.README: "readme.md",
    Role.SCRIPT: "script.csx",
    Role.SETTINGS: "settings.json",
    Role.CUSTOM_PROPERTIES: "customProperties.json",
}
JSON_ROLES = (Role.DEFINITION, Role.PROPERTIES, Role.SETTINGS, Role.CUSTOM_PROPERTIES)
TEXT_ROLES = (Role.INTRO, Role.README, Role.SCRIPT)
ANY_CASE_ROLES = (Role.INTRO, Role.README)
"""Documents are found under any letter case without a word: README.md is as usual as readme.md."""

_ROLE_BY_NAME = {name.lower(): role for role, name in CANONICAL_NAMES.items()}
_IMAGE = re.compile(r"images/.+\.(png|jpe?g|gif)\Z", re.IGNORECASE)
_DEFINITION_LIKE = re.compile(r"[^/]*swagger[^/]*\.json\Z|apidefinition\.json\Z", re.IGNORECASE)
_SCRIPT_LIKE = re.compile(r"[^/]+\.csx?\Z", re.IGNORECASE)
_JUNK = re.compile(
    r"(?:.*/)?(?:__MACOSX(?:/.*)?|\.DS_Store|Thumbs\.db|desktop\.ini|\._[^/]*"
    r"|\.(?:git|svn|hg|vs|vscode|idea)(?:/.*)?|\.gitignore|\.gitattributes|\.gitkeep)\Z",
    re.IGNORECASE | re.DOTALL,
)
_DEVICE = re.compile(r"(?:con|prn|aux|nul|conin\$|conout\$|(?:com|lpt)[0-9¹²³])(?:\..*)?\Z", re.IGNORECASE)
_ARCHIVE_NAME = re.compile(
    r".*\.(?:zip|7z|rar|tar|tgz|gz|bz2|xz|zst|lz4|cab|jar|war|nupkg|iso|z|apk)\Z", re.IGNORECASE | re.DOTALL
)
_FORBIDDEN_CHARACTERS = frozenset('<>"|?*:')
_ARCHIVE_MAGIC = (
    b"PK\x03\x04", b"PK\x05\x06", b"PK\x07\x08", b"Rar!", b"7z\xbc\xaf\x27\x1c", b"\x1f\x8b", b"BZh",
    b"\xfd7zXZ", b"\x28\xb5\x2f\xfd", b"\x04\x22\x4d\x18", b"MSCF", b"!<arch>",
)  # fmt: skip


def role_of(path: str) -> Role:
    """The role a path claims by its name alone, in any letter case."""
    if _JUNK.match(path):
        return Role.JUNK
    if path.endswith("/"):
        return Role.FOLDER
    if _IMAGE.match(path):
        return Role.IMAGE
    return _ROLE_BY_NAME.get(path.lower(), Role.EXTRA)


def is_junk(path: str) -> bool:
    return bool(_JUNK.match(path))


def is_definition_like(path: str) -> bool:
    """A root file that may be the definition under another name, e.g. "tides.swagger.json"."""
    return bool(_DEFINITION_LIKE.match(path))


def is_script_like(path: str) -> bool:
    return bool(_SCRIPT_LIKE.match(path))


def is_archive(path: str, content: bytes) -> bool:
    """True for anything that unpacks to files, by its name or its first bytes."""
    return (
        bool(_ARCHIVE_NAME.match(path)) or content.startswith(_ARCHIVE_MAGIC) or content[257:262] == b"ustar"
    )


def check_name(path: str, limits: Limits) -> Problem | None:
    """The first danger in the name of an entry; a folder's name ends in "/"."""
    # Nearly every file of a package is one of a handful, and those hold no danger in any letter case.
    if path.lower() in _ROLE_BY_NAME and len(path) <= limits.name_characters and limits.folder_depth > 0:
        return None

    def refused(code: str, message: str) -> Problem:
        return problem(code, f"{shown(path)} {message}", printable(path))

    parts = path.removesuffix("/").split("/")
    if any(unicodedata.category(char) in ("Cc", "Cs") for char in path):
        return refused("control-in-name", "contains a control character.")
    if "\\" in path:
        return refused("backslash-name", "contains a backslash.")
    if path.startswith("/") or re.match(r"[A-Za-z]:", path):
        return refused("zip-slip", "is an absolute path.")
    if ".." in parts:
        return refused("zip-slip", "leads out of the package.")
    if len(path) > limits.name_characters or len(parts) > limits.folder_depth:
        return refused("name-too-long", "is too long or nested too deeply.")
    if any(_DEVICE.match(part) for part in parts):
        return refused("device-name", "contains a name that Windows reserves for a device.")
    if any(part in ("", ".") or part != part.strip(" ") or part.endswith(".") for part in parts):
        return refused("odd-name", "has an empty part, or one that begins or ends in a blank or dot.")
    if any(
        char in _FORBIDDEN_CHARACTERS or unicodedata.category(char) in ("Cf", "Zl", "Zp") for char in path
    ):
        return refused("odd-name", "contains an invisible or forbidden character.")
    return None


def clashes(paths: Iterable[str]) -> list[Problem]:
    """Entries that one file system or another would store in the same place."""
    found: list[Problem] = []
    exact: set[str] = set()
    by_case: set[str] = set()
    by_form: set[str] = set()
    names = list(paths)
    folders = {"/".join(name.split("/")[:end]) for name in names for end in range(1, name.count("/") + 1)}
    folded_folders = {folder.casefold() for folder in folders}
    for name in names:
        bare = name.removesuffix("/")
        folded, form = bare.casefold(), unicodedata.normalize("NFKC", bare).casefold()
        if bare in exact or (bare in folders and not name.endswith("/")):
            found.append(problem("duplicate-entry", f"{shown(name)} occurs twice.", printable(name)))
        elif folded in by_case or (folded in folded_folders and not name.endswith("/")):
            message = f"{shown(name)} differs from another entry only by letter case."
            found.append(problem("case-clash", message, printable(name)))
        elif form in by_form:
            message = f"{shown(name)} looks like another entry but is spelt with other characters."
            found.append(problem("unicode-clash", message, printable(name)))
        exact.add(bare)
        by_case.add(folded)
        by_form.add(form)
    return found


def printable(path: str) -> str:
    """A name that may be stored and shown: anything unprintable becomes U+FFFD."""
    if path.isprintable():
        return path[:300]
    return "".join(char if char.isprintable() else "\ufffd" for char in path[:300])


def wrapper_of(paths: Iterable[str]) -> str:
    """The folder, with its final "/", under which alone the package begins; "" when it begins at the top."""
    files = [path for path in paths if not path.endswith("/") and not is_junk(path)]
    if not files:
        return ""
    first, last = min(files), max(files)
    shared = 0
    while shared < min(len(first), len(last)) and first[shared] == last[shared]:
        shared += 1
    prefix = first[: first.rfind("/", 0, shared) + 1]
    rest = [path[len(prefix) :] for path in files]
    known = any(role_of(path) in CANONICAL_NAMES or is_definition_like(path) for path in rest)
    return prefix if prefix and known else ""
