"""One row of the result, and the table that is printed at the end."""

from __future__ import annotations

import statistics
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

HEADER = ("work", "ours", "peer", "ratio", "bar", "")


@dataclass(frozen=True, kw_only=True)
class Row:
    """One line of the table: medians of both sides, the median of the paired ratios, the bar.

    `bar` limits the ratio where there is a peer, else our own value. `spread` are the lower and
    the upper quartile of the ratios.
    """

    name: str
    ours: float
    unit: str
    bar: float
    peer: float | None = None
    ratio: float | None = None
    spread: tuple[float, float] | None = None
    rounds: int = 1
    notes: tuple[str, ...] = ()

    @property
    def met(self) -> bool:
        """Say whether the bar is met."""
        return (self.ours if self.ratio is None else self.ratio) <= self.bar

    def to_json(self) -> dict[str, Any]:
        """Return the row as a JSON-ready mapping."""
        return {**vars(self), "met": self.met}


def paired(
    name: str,
    ours: Sequence[float],
    peer: Sequence[float],
    *,
    bar: float,
    unit: str = "s",
    notes: tuple[str, ...] = (),
) -> Row:
    """Make the row of two interleaved series: the ratio is the median of each round's ratio."""
    ratios = [mine / its for mine, its in zip(ours, peer, strict=True)]
    quarters = statistics.quantiles(ratios, n=4) if len(ratios) > 1 else ratios * 3
    return Row(
        name=name,
        ours=statistics.median(ours),
        peer=statistics.median(peer),
        ratio=statistics.median(ratios),
        spread=(quarters[0], quarters[-1]),
        unit=unit,
        bar=bar,
        rounds=len(ratios),
        notes=notes,
    )


def render_table(rows: Iterable[Row], *, header: bool = True) -> str:
    """Return the table as text."""
    lines = [HEADER] if header else []
    notes: list[str] = []
    for row in rows:
        spread = f" ({row.spread[0]:.2f}-{row.spread[1]:.2f})" if row.spread else ""
        bar = f"<= {row.bar:g}" + ("x" if row.ratio is not None else f" {row.unit}")
        lines.append(
            (
                row.name,
                f"{row.ours:.3f} {row.unit}",
                "" if row.peer is None else f"{row.peer:.3f} {row.unit}",
                "" if row.ratio is None else f"{row.ratio:.2f}x{spread}",
                bar,
                "met" if row.met else "missed",
            )
        )
        notes += [f"{row.name}: {note}" for note in row.notes]
    widths = [max(len(line[column]) for line in lines) for column in range(len(HEADER))]
    text = ["  ".join(f"{cell:<{w}}" for cell, w in zip(line, widths)).rstrip() for line in lines]
    if header:
        text.insert(1, "  ".join("-" * width for width in widths))
    return "\n".join([*text, *notes])
