"""What a reader would find different between two documents of one connector."""

from __future__ import annotations

from dataclasses import dataclass

from connectors.definitions.documentation.shape import Document, Operation

_BESIDE = ("triggers", "actions", "builder", "definition", "package", "version")


@dataclass(frozen=True, slots=True)
class PageChange:
    """Operations by what happened to them, as the newer document has them (removed ones: the older).

    `has_other` says that something beside operations reads differently: the introduction, the connection,
    a shared type.
    """

    added: tuple[Operation, ...]
    changed: tuple[Operation, ...]
    removed: tuple[Operation, ...]
    has_other: bool

    @property
    def is_empty(self) -> bool:
        return not (self.added or self.changed or self.removed or self.has_other)


def compare(old: Document, new: Document) -> PageChange:
    """Operations are the same by their id, those without one by method and path."""
    before = {_identity(each): each for each in (*old["triggers"], *old["actions"])}
    now = {_identity(each): each for each in (*new["triggers"], *new["actions"])}
    return PageChange(
        added=tuple(each for key, each in now.items() if key not in before),
        changed=tuple(each for key, each in now.items() if key in before and before[key] != each),
        removed=tuple(each for key, each in before.items() if key not in now),
        has_other=any(old.get(name) != new.get(name) for name in new if name not in _BESIDE),
    )


def _identity(operation: Operation) -> str:
    return operation["id"] or f"{operation['method']} {operation['path']}"
