"""The figures of how rollouts went, kept at hand: asking months of them is too much for each scrape."""

from __future__ import annotations

from django.core.cache import cache

from certification.queries.rollout_figures import FIGURES_KEY, rollout_figures

FIGURES_SECONDS = 3 * 3600


def keep_figures() -> None:
    cache.set(FIGURES_KEY, rollout_figures(), FIGURES_SECONDS)
