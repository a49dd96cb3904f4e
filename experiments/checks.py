"""Claims about results, each with the interval it has to lie in."""
from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Sequence

from .documents import Column, Document, Table


@dataclass(frozen=True)
class Check:
    """That `value` lies between `low` and `high`; None: no such bound."""

    protocol: str
    claim: str
    value: float | None
    low: float | None = None
    high: float | None = None

    @property
    def passed(self) -> bool:
        """False for a value that is absent or not finite, too."""
        if self.value is None or not math.isfinite(self.value):
            return False
        return (self.low is None or self.value >= self.low) and (self.high is None or self.value <= self.high)

    @property
    def expected(self) -> str:
        """The interval in words."""
        if self.low is not None and self.high is not None:
            return f"{self.low:g} to {self.high:g}"
        return f"at least {self.low:g}" if self.low is not None else f"at most {self.high:g}"

    @property
    def line(self) -> str:
        """The check as it is printed."""
        value = "none" if self.value is None else f"{self.value:.3f}"
        return f"{'ok' if self.passed else 'FAILED':7} {self.protocol}: {self.claim}: {value} ({self.expected})"


def checks_document(checks: Sequence[Check]) -> Document:
    """All checks as a result document."""
    columns = [Column("protocol", "protocol", "text"), Column("claim", "claim", "text"), Column("value", "value"),
               Column("expected", "expected", "text"), Column("outcome", "outcome", "text")]
    rows = [[check.protocol, check.claim, check.value, check.expected, "ok" if check.passed else "FAILED"] for check in checks]
    failed = sum(not check.passed for check in checks)
    return Document("checks", "Claims and whether they hold", f"{len(checks) - failed} of {len(checks)} claims hold.",
                    tables=[Table("checks", "Claims", columns, rows, "A claim holds where its value is as expected.")])
