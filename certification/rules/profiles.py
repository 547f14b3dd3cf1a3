"""Who submits what: the profile decides which rules run and how severe they are."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, cast, get_args

Severity = Literal["error", "warning", "info"]
Change = Literal["new", "update"]
Publisher = Literal["verified", "independent"]

SEVERITIES: tuple[Severity, ...] = get_args(Severity)
CHANGES: tuple[Change, ...] = get_args(Change)
PUBLISHERS: tuple[Publisher, ...] = get_args(Publisher)


@dataclass(frozen=True, slots=True)
class Profile:
    """A new connector or an update, of a verified or an independent publisher."""

    change: Change = "new"
    publisher: Publisher = "verified"

    def __post_init__(self) -> None:
        if self.change not in CHANGES or self.publisher not in PUBLISHERS:
            raise ValueError(f"unknown profile {self.change!r}, {self.publisher!r}")

    def to_dict(self) -> dict[str, str]:
        return {"change": self.change, "publisher": self.publisher}

    @classmethod
    def from_dict(cls, data: dict[str, str]) -> Profile:
        return cls(cast("Change", data["change"]), cast("Publisher", data["publisher"]))
