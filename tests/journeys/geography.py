"""Where journeys go: to every region of the default plan with TEST_EFFORT=full, otherwise to a few of each of its waves."""

from __future__ import annotations

from dataclasses import replace

from certification.data import default_plan
from tests.effort import effort

_MOST = effort(3, len(default_plan.REGIONS))
WAVES = tuple(replace(wave, regions=wave.regions[:_MOST]) for wave in default_plan.WAVES)
_CODES = {code for wave in WAVES for code in wave.regions}
REGIONS = tuple(region for region in default_plan.REGIONS if region.code in _CODES)
PAIRS = tuple(pair for pair in default_plan.PAIRS if _CODES.issuperset(pair))
PREVIEW_REGIONS = [code for wave in WAVES if wave.before_sign_off for code in wave.regions]
ROLLOUT_WAVES = [wave.regions for wave in WAVES if not (wave.before_sign_off or wave.is_opt_in)]
ROLLOUT_REGIONS = [code for wave in ROLLOUT_WAVES for code in wave]
