"""A share of few things is not known well: each comes with the interval in which it lies."""

from math import sqrt

import msgspec

Z_95 = 1.959964
"""Standard normal quantile of a two-sided interval of 95 %."""


class Share(msgspec.Struct, frozen=True):
    """`count` of `of`, as a rate with its 95 % interval, each 0 to 1."""

    count: float
    of: float
    rate: float
    low: float
    high: float


def wilson(count: float, of: float, *, z: float = Z_95) -> Share | None:
    """The share with Wilson's score interval; None where there is nothing to take a share of.

    It stays within 0 and 1 and is honest for few and for extreme counts, where the usual p ± z·σ is not.
    Shared credit makes fractions of counts; the formula takes them as they are. E. B. Wilson, "Probable
    inference, the law of succession, and statistical inference", JASA 22 (1927), 209-212.
    """
    if of <= 0:
        return None
    rate = count / of
    square = z * z
    middle = (rate + square / (2 * of)) / (1 + square / of)
    reach = z * sqrt(rate * (1 - rate) / of + square / (4 * of * of)) / (1 + square / of)
    # Rounding must not push an end past the rate itself.
    return Share(count, of, rate, min(rate, max(0.0, middle - reach)), max(rate, min(1.0, middle + reach)))
