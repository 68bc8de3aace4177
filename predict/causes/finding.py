"""What explains a good part of the trouble: places that are clearly unhappier than the rest, one after the other.

The strongest place is taken out and the rest is looked at anew, until chance could have made the strongest one
(`predict.causes.scan`). So a second finding is never an echo of the first. A finding is a *proposal*: that texts of one
place are unhappier is seen, why they are is not; a person confirms or refutes it, with what they found.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, Final

import numpy as np
import polars as pl

from predict.causes.onset import onset_of
from predict.causes.place import AT, Heard, Place, heard_of
from predict.causes.scan import LEVEL, Peak, find_peak
from predict.causes.what import What
from predict.evaluate import Interval
from predict.frames import Vector

MOST: Final = 10
_PLAIN: Final = ("key", "texts", "customers", "share", "elsewhere", "excess", "chance")
LEAST_GAP: Final = 0.05  # below five more in a hundred a place is not worth anybody's hour, however sure it is


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One proposal.

    `what` the shares are of; `share` of unhappy texts in the place and `elsewhere`, of their likes; `gap` is their
    difference with an interval that holds for all places that were looked at together, not for this one alone;
    `excess` is how many unhappy texts there would be less if the place were like the rest; `chance` the chance of a
    place as strong anywhere where nothing is the matter. `since` is None for a place that was so all the time, else
    about when trouble began there.
    """

    key: str
    levels: tuple[tuple[str, str], ...]
    since: date | None
    texts: int
    customers: int
    share: float
    elsewhere: float
    gap: Interval
    excess: float
    chance: float
    what: What = What.TEXTS

    def told(self) -> dict[str, Any]:
        """Give it for a report."""
        return {name: getattr(self, name) for name in _PLAIN} | {
            "what": self.what.value,
            "levels": dict(self.levels),
            "since": None if self.since is None else self.since.isoformat(),
            "gap": {"figure": self.gap.figure, "low": self.gap.low, "high": self.gap.high},
        }


def finding_of(told: Mapping[str, Any]) -> Finding:
    """Read a proposal as `Finding.told` gave it."""
    since, plain = told["since"], {name: told[name] for name in _PLAIN}
    return Finding(
        **plain,
        what=What(told.get("what", What.CASES)),  # studies of before told of cases alone
        levels=tuple(told["levels"].items()),
        since=None if since is None else date.fromisoformat(since),
        gap=Interval(**told["gap"]),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Search:
    """By which columns places are told, what their shares are of, and with which rows a row is compared (`likes`).

    `level` is how often something may be found where nothing is the matter; `seed` is of what chance gives.
    """

    dimensions: tuple[str, ...]
    seed: int
    what: What = What.TEXTS
    likes: tuple[str, ...] = ()
    level: float = LEVEL


def findings(frame: pl.DataFrame, search: Search) -> list[Finding]:
    """Look for places in a frame (pseudonym, at, unhappy and the dimensions), the strongest first; often none.

    Raises:
        FrameRefused: see `predict.causes.place.heard_of`.
    """
    heard = heard_of(frame, search.dimensions, likes=search.likes)
    rng = np.random.default_rng(search.seed)
    oldest = frame.select(pl.col(AT).dt.date().min()).item()
    found: list[Finding] = []
    while len(found) < MOST and heard.unhappy.size:
        peak = find_peak(heard, rng, level=search.level)
        if peak is None:
            break
        inside = peak.place.holds(heard)
        one = _finding(heard, peak, oldest, search.what)
        if one.gap.figure >= LEAST_GAP:
            found.append(one)
        heard = heard.without(inside)
    return found


def _dated(heard: Heard, place: Place) -> Place:
    """Say from when on, where trouble in a place clearly began; else leave the week that explained most."""
    always = Place(levels=place.levels, since_week=0)
    trouble = heard.unhappy * always.holds(heard)
    onset = onset_of(_by_week(heard, trouble), _by_week(heard, np.ones(trouble.size)))
    return place if onset is None else Place(levels=place.levels, since_week=onset)


def _by_week(heard: Heard, weights: Vector) -> Vector:
    return np.asarray(np.bincount(heard.week, weights), dtype=np.float64)


def _finding(heard: Heard, peak: Peak, oldest: date, what: What) -> Finding:
    """Tell a place; rows of which no like is elsewhere are not in its figures."""
    inside, _ = peak.place.against(heard)
    here, of_all = (np.bincount(like, minlength=heard.likes) for like in (heard.like[inside], heard.like))
    scale = float((here * (1 - here / np.maximum(of_all, 1))).sum())  # U by it is the difference of means among likes
    gap, half = peak.excess / scale, max(peak.limit, 0.0) * peak.error / scale
    size, share = int(inside.sum()), float(heard.unhappy[inside].mean())
    week = _dated(heard, peak.place).since_week
    return Finding(
        key=key_of(peak.place.levels, broke=week > 0, what=what),
        what=what,
        levels=peak.place.levels,
        since=oldest + timedelta(days=7 * week) if week else None,
        texts=size,
        customers=int(np.unique(heard.customer[inside]).size),
        share=share,
        elsewhere=min(max(share - gap, 0.0), 1.0),
        gap=Interval(gap, gap - half, gap + half),
        excess=size * gap,
        chance=peak.chance,
    )


def key_of(levels: tuple[tuple[str, str], ...], *, broke: bool, what: What = What.CASES) -> str:
    """Name a place the same at every run: by its levels, and whether it began; not by when, which moves by a week."""
    words = [f"{len(part)}:{part}" for pair in sorted(levels) for part in pair]
    kind = [] if what is What.CASES else [what.value]  # places of cases were named before there were others
    return hashlib.sha256("|".join([*words, *kind, str(int(broke))]).encode()).hexdigest()[:12]
