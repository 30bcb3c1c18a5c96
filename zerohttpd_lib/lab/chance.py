"""Is one faster than the other, or may it be chance? A permutation test: nothing but the rounds themselves."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations
from math import comb
from typing import Final

import numpy as np

MOST_WAYS: Final = comb(20, 10)


def share_by_chance(ones: Sequence[float], others: Sequence[float]) -> float:
    """How often do two groups come as far apart as these by chance alone? A share of all ways, from 0 to 1.

    Suppose that there is no difference. Then it is all the same which of the values are called "ones", and every
    way to deal out the names is as likely as the one that came about. Counted are those in which the two means are
    as far apart, or farther: exactly, over all ways, of which there are 252 for five values against five. Where a
    group is empty there is nothing to tell, and it is 1. Raises ValueError for what is no number, and for more ways
    than can be tried. (Fisher, *The Design of Experiments*, 1935.)
    """
    values, size = np.array([*ones, *others], dtype=float), len(ones)
    if not 0 < size < len(values):
        return 1.0
    if not np.isfinite(values).all() or comb(len(values), size) > MOST_WAYS:
        raise ValueError("Give it rounds that have a rate, and no more than ten of each.")
    ways = np.array(list(combinations(range(len(values)), size)))
    means = values[ways].mean(axis=1)
    apart = abs(means - (values.sum() - size * means) / (len(values) - size))
    as_far = apart[0] - 1e-9 * abs(values).max()  # the first way is the one that came about; sums of floats differ
    return float((apart >= as_far).mean())
