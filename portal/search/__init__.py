"""Global search and the command palette: what the reader may see, by id, by word, despite typing errors."""

from portal.search.finding import SHORTEST, Hit, HitGroup, search

__all__ = ["SHORTEST", "Hit", "HitGroup", "search"]
