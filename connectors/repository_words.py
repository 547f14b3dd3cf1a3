"""What is said of a repository that cannot be read: a sentence a code of `connectors.repositories.errors`."""

from __future__ import annotations

from collections.abc import Mapping

from connectors.models import Repository
from connectors.repositories import RepositoryError
from portal.shared.words import lazy as _lazy

SENTENCES: Mapping[str, str] = {
    "address-characters": _lazy("The address contains blanks or other forbidden characters."),
    "address-unreadable": _lazy("The address cannot be read."),
    "address-scheme": _lazy("Give an address that begins with https:// or ssh://, or git@host:path."),
    "address-secret": _lazy("No password, query or fragment: the token has a field of its own."),
    "address-user": _lazy("No user name in the address: it has a field of its own."),
    "address-incomplete": _lazy("Give the host and the path of the repository."),
    "branch-name": _lazy("This is no name of a branch."),
    "folder-name": _lazy("Give a folder of the repository, such as connectors/tides."),
    "local-files": _lazy("Repositories on this machine are not read here."),
    "not-called": _lazy("The portal does not call %(host)s: a repository has to be reachable publicly."),
    "name-unknown": _lazy("The name %(host)s is not known, or was not resolved in time."),
    "moved": _lazy("The repository has moved: give its new address."),
    "credentials": _lazy("The server refuses the credentials, or asks for some."),
    "no-repository": _lazy("There is no such repository, or the credentials may not see it."),
    "key-refused": _lazy("The server does not accept this key."),
    "key-unreadable": _lazy("Give a private key without a passphrase (Ed25519, ECDSA or RSA)."),
    "read-only": _lazy("The credentials may read and not write: give some that may."),
    "host-key": _lazy(
        "The server shows another key (%(key)s) than before: ask who runs it, then bind it again."
    ),
    "too-large": _lazy("The repository is larger than is taken."),
    "too-slow": _lazy("The repository took too long."),
    "too-many-files": _lazy("The folder has more than %(most)s files."),
    "too-many-bytes": _lazy("The files are larger than is taken; the last was %(name)s."),
    "no-branch": _lazy("There is no branch %(branch)s any more."),
    "no-commit": _lazy("There is no commit %(commit)s in what was fetched."),
    "no-folder": _lazy("There is no folder %(folder)s in this commit."),
    "folder-empty": _lazy("The folder %(folder)s of %(commit)s is empty."),
    "file-not-folder": _lazy("%(folder)s is a file: give its folder."),
    "too-deep": _lazy("Folders lie deeper than %(most)s levels: %(name)s."),
    "submodule": _lazy("%(name)s is a submodule: these are not followed."),
    "link": _lazy("%(name)s is a symbolic link: put the file itself there."),
    "lfs-pointer": _lazy("%(name)s is only a pointer of Git LFS: commit the file itself."),
    "tag-taken": _lazy("The repository has another tag %(tag)s already. It was left as it is."),
    "tag-refused": _lazy("The server did not take the tag %(tag)s."),
    "protocol": _lazy("The server does not answer as Git's smart protocol asks for."),
    "status": _lazy("The server answered %(status)s."),
    "no-connection": _lazy("No connection to %(host)s."),
    "connection-broke": _lazy("The connection broke."),
    "unreadable": _lazy("The repository could not be read."),
}


def sentence(code: str, values: Mapping[str, str] | None = None) -> str:
    """The sentence of a code in the reader's language. A code that is none is what an older release kept: its
    own sentence."""
    if code not in SENTENCES:
        return code
    try:
        return str(SENTENCES[code]) % (values or {})
    except KeyError:
        return str(SENTENCES["unreadable"])


def told(error: RepositoryError) -> str:
    return sentence(error.code, error.values)


def failure_of(repository: Repository) -> str:
    """Why the last look did not succeed; empty when it did."""
    return sentence(repository.last_error, repository.last_error_values)
