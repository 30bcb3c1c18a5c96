"""How long did they wait? Latencies in a histogram, and what can be said of those who still wait.

Kept by HdrHistogram (http://hdrhistogram.org): a counter for each range of values, narrow enough
for three digits, so that a million latencies take as little room as a thousand, the histograms of
several processes add up, and no count is lost.

When a load test ends, some requests have no answer yet. To leave them out would praise the server
for whom it keeps waiting. What is known of each is that it takes *longer* than it has waited so far:
it is "censored". The estimate that uses just that is Kaplan and Meier's (Nonparametric Estimation
from Incomplete Observations, 1958): of those who had waited for t, which share was answered then?
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Final

from hdrh.histogram import HdrHistogram

if TYPE_CHECKING:  # it takes as long to import as all the rest of a generator's process: only who reads needs it
    import numpy as np

LOWEST, HIGHEST = 1, 3_600_000_000  # microseconds: up to an hour
DIGITS: Final = 3


class Latencies:
    """A histogram. Times go in as seconds, and come out as milliseconds."""

    def __init__(self) -> None:
        self._histogram = HdrHistogram(LOWEST, HIGHEST, DIGITS)

    @classmethod
    def of(cls, seconds: Iterable[float]) -> Latencies:
        """A histogram of these, in seconds."""
        found = cls()
        found.record(seconds)
        return found

    def record(self, seconds: Iterable[float]) -> None:
        """Count these, in seconds, to the microsecond."""
        record = self._histogram.record_value
        for latency in seconds:
            record(min(max(LOWEST, round(latency * 1e6)), HIGHEST))

    def __len__(self) -> int:
        count: int = self._histogram.get_total_count()
        return count

    def counts(self) -> tuple[np.ndarray, np.ndarray]:
        """Milliseconds, ascending, and how many there were of each. Of a range of the histogram: its middle."""
        import numpy as np

        histogram = self._histogram
        counts = np.ctypeslib.as_array(histogram.counts)
        places = np.flatnonzero(counts)
        values = [histogram.get_value_from_index(int(place)) for place in places]
        middles = [(value + histogram.get_highest_equivalent_value(value)) / 2e3 for value in values]
        return np.array(middles, np.float64), counts[places].astype(np.float64)

    def add(self, other: Latencies) -> None:
        """Count what another one has counted."""
        self._histogram.add(other._histogram)

    def to_text(self) -> str:
        """As HdrHistogram writes it, in base64: other tools can read it."""
        text: bytes = self._histogram.encode()
        return text.decode("ascii")

    @classmethod
    def from_text(cls, text: str) -> Latencies:
        """What `to_text` has written."""
        found = cls()
        found._histogram.decode_and_add(text.encode("ascii"))
        return found


def answered_within(answered: Latencies, waiting: Latencies) -> tuple[np.ndarray, np.ndarray]:
    """By how many milliseconds, ascending, which percentage of the requests is answered.

    `waiting` has how long those without an answer have waited so far. Where the longest waits
    are without an answer, the percentage ends below 100.
    """
    import numpy as np

    at, answers = answered.counts()
    since, still = waiting.counts()
    # Those who were there to be answered at a time: all who had waited for so long.
    at_risk = answers[::-1].cumsum()[::-1]
    if len(since):
        longer = np.append(still[::-1].cumsum()[::-1], 0)
        at_risk = at_risk + longer[np.searchsorted(since, at)]
    return at, 100 * (1 - np.cumprod(1 - answers / at_risk)) if len(at) else at


def percentile(curve: tuple[np.ndarray, np.ndarray], p: float) -> float | None:
    """Milliseconds within which `p` percent are answered; None where that cannot be told."""
    import numpy as np

    at, shares = curve
    place = int(np.searchsorted(shares, p - 1e-9))
    return float(at[place]) if place < len(at) else None
