"""Endpoints of rollouts."""

from __future__ import annotations

from rest_framework.routers import BaseRouter


def register(router: BaseRouter) -> None:
    """Add this noun's viewsets."""
