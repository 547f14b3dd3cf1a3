"""One upload with a package for each of several connectors: a zip of folders, or several zips."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from django.utils.translation import gettext as _

from certification.models import SubmissionFamily
from certification.policies import can_edit_family, can_make_family
from certification.queries.family_report import connectors_to_choose, members_of
from certification.services.family_making import (
    MOST_MEMBERS,
    MemberOutcome,
    make_family,
    most_bytes,
    put_package,
)
from connectors.definitions import read_archive, read_files
from connectors.definitions.archive import unpack
from connectors.definitions.names import is_junk
from connectors.definitions.problems import MIB, Limits
from connectors.models import Connector, Publisher
from connectors.naming import name_key
from portal.accounts.models import User
from portal.shared.errors import InvalidInput, PortalError, TooLarge
from portal.shared.policy import require

_LIMITS = Limits(archive_bytes=10 * MIB, expanded_bytes=60 * MIB, entries=2_000, folder_depth=10)
_MADE_FOR_ALL = "package.zip"


@dataclass(frozen=True, slots=True)
class Found:
    """One package of an upload: the folder or file it came from, and its files."""

    name: str
    files: tuple[tuple[str, bytes], ...]

    @property
    def title(self) -> str:
        first = self.files[0]
        package = (
            read_archive(first[1], filename=first[0])
            if len(self.files) == 1 and first[0].lower().endswith(".zip")
            else read_files(dict(self.files), filename=self.name)
        )
        value = package.definition.value if package.definition else None
        info = value.get("info") if isinstance(value, dict) else None
        title = info.get("title") if isinstance(info, dict) else None
        return title if isinstance(title, str) else ""


def packages_in(files: Sequence[tuple[str, bytes]]) -> list[Found]:
    """The packages of an upload. A zip whose top holds folders is one package a folder; any other zip is one.

    Raises InvalidInput for what is no zip or cannot be trusted, TooLarge.
    """
    if sum(len(content) for _name, content in files) > most_bytes():
        raise TooLarge(
            _("The upload is larger than %(most)s MB: send it in parts.") % {"most": most_bytes() // MIB}
        )
    found = [package for name, content in files for package in _packages_of(name, content)]
    if len(found) > MOST_MEMBERS:
        words = _("A family has between 2 and %(most)s connectors.") % {"most": MOST_MEMBERS}
        raise InvalidInput(words, fields={"packages": [words]})
    return found


def _packages_of(name: str, content: bytes) -> list[Found]:
    unpacked = unpack(content, _LIMITS)
    if any(member.content is None for member in unpacked.members) or not unpacked.members:
        why = unpacked.problems[0].message if unpacked.problems else ""
        words = _("%(name)s cannot be read. %(why)s") % {"name": name[:100], "why": why}
        raise InvalidInput(words, fields={"packages": [words]})
    paths = [
        (member.path, member.content)
        for member in unpacked.members
        if member.content is not None and not member.path.endswith("/") and not is_junk(member.path)
    ]
    groups = _by_folder(paths)
    if not groups:
        return [Found(name.rpartition(".")[0] or name, ((_MADE_FOR_ALL, content),))]
    return [Found(folder, tuple(inside)) for folder, inside in groups.items()]


def _by_folder(paths: Iterable[tuple[str, bytes]]) -> dict[str, list[tuple[str, bytes]]]:
    """Folder -> its files without the folder; empty when files lie at the top, or all in one folder that is
    the package itself."""
    paths = list(paths)
    groups: dict[str, list[tuple[str, bytes]]] = {}
    for path, content in paths:
        folder, slash, rest = path.partition("/")
        if not slash:
            return {}
        groups.setdefault(folder, []).append((rest, content))
    if len(groups) > 1:
        return groups
    # One folder around everything: look inside; a package's own folder ends the search with its files.
    inner = next(iter(groups.values()), [])
    deeper = _by_folder(inner) if inner else {}
    return deeper if len(deeper) > 1 and not _is_package(inner) else {}


def _is_package(files: Iterable[tuple[str, bytes]]) -> bool:
    return any("/" not in path and path.lower().endswith(".json") for path, _content in files)


def matched(packages: Sequence[Found], connectors: Iterable[Connector]) -> list[tuple[Connector, Found]]:
    """Each package with its connector: by the title in the definition, else by the name of folder or file.

    Raises InvalidInput naming what fits no connector, or two packages that fit one.
    """
    by_key = {each.name_key: each for each in connectors}
    by_slug = {each.slug: each for each in by_key.values()}
    pairs: dict[Connector, Found] = {}
    problems = []
    for package in packages:
        title = package.title
        by_name = by_slug.get(package.name) or by_key.get(name_key(package.name))
        connector = by_key.get(name_key(title)) or by_name
        if connector is None:
            problems.append(
                _("%(name)s (“%(title)s”) fits no connector of this team: register it first.")
                % {"name": package.name[:100], "title": title[:60]}
            )
        elif connector in pairs:
            problems.append(
                _("%(name)s and %(other)s are both for %(connector)s.")
                % {"name": package.name[:100], "other": pairs[connector].name[:100], "connector": connector}
            )
        else:
            pairs[connector] = package
    if problems:
        raise InvalidInput(_("Not every package has a connector."), fields={"packages": problems})
    return list(pairs.items())


def make_family_of_upload(
    publisher: Publisher,
    *,
    title: str,
    files: Sequence[tuple[str, bytes]],
    change_notes: str = "",
    actor: User,
) -> tuple[SubmissionFamily, list[MemberOutcome]]:
    """A family of the connectors that the upload has packages for, each with its package in the form."""
    require(can_make_family, actor, publisher)
    pairs = matched(packages_in(files), connectors_to_choose(actor, publisher.pk))
    family = make_family(
        publisher,
        title=title,
        connectors=[connector for connector, _package in pairs],
        change_notes=change_notes,
        actor=actor,
    )
    return family, _put_all(family, dict(pairs), actor)


def _put_all(family: SubmissionFamily, packages: dict[Connector, Found], actor: User) -> list[MemberOutcome]:
    require(can_edit_family, actor, family)
    outcomes = []
    for submission in members_of(family):
        problem = ""
        try:
            put_package(submission, packages[submission.connector].files, actor=actor)
        except PortalError as error:
            problem = error.message
        outcomes.append(MemberOutcome(submission.reference, submission.connector.name, problem))
    return outcomes
