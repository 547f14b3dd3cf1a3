"""Looking again and again without crying wolf more often.

A confidence sequence holds at all looks together: the chance that the true value is ever outside is at most
alpha. This is the normal mixture of Robbins (1970) in its asymptotic form (Waudby-Smith, Arbour, Sinha,
Kennedy and Ramdas 2024). It needs estimates whose increments are independent in information time, which
efficient estimators have (Scharfstein, Tsiatis and Robins 1997).
"""

from __future__ import annotations

from math import log, sqrt


def radius(variance: float, alpha: float, *, tightest_at: float) -> float:
    """Half the width of the interval around an estimate with this variance.

    `tightest_at` is the standard error at which the interval is narrowest in units of its own standard error;
    away from it the interval is somewhat wider, never wrong.
    """
    information = 1 / variance
    spending = -2 * log(alpha)
    mixture = 1 / (tightest_at * tightest_at * (spending + log(spending) + 1))
    total = information + mixture
    return sqrt(total * log(total / (mixture * alpha * alpha))) / information
