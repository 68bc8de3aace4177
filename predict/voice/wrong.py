"""Where it goes wrong, by cases and by texts: proposals of the places that chance does not explain.

A case *went wrong* that was escalated; closed cases count, and one of which that is not known is left out. A text is
compared with texts on its topic in its language (`predict.voice.texts`). Searches share what may be found by chance,
so that of twenty companies in which nothing is the matter all searches together name anything in one at most.
"""

from typing import Any, Final

import polars as pl

from predict.causes.finding import Search, findings
from predict.causes.place import UNHAPPY
from predict.causes.scan import LEVEL
from predict.causes.what import What
from predict.disclosure import NAMELESS
from predict.voice.texts import LIKES, WHERE

CAUSES: Final = ("category", "product", "step", "team", "channel")
_TENS: Final = 10


def places(cases: pl.DataFrame | None, texts: pl.DataFrame | None, *, seed: int) -> list[dict[str, Any]]:
    """Propose places of cases and of texts; nothing of a team without a name, which may be of few of us.

    Args:
        cases: `CAUSES` as far as the view has them, escalated and hours; None: none may be read.
        texts: as `predict.voice.texts.felt` gives them; None: none may be read.
        seed: of what chance gives.
    """
    rows: list[tuple[What, pl.DataFrame, tuple[str, ...], tuple[str, ...]]] = []
    if cases is not None:
        closed = cases.drop_nulls(["hours", "escalated"]).with_columns((pl.col("escalated") > 0).alias(UNHAPPY))
        rows.append((What.CASES, closed, CAUSES, ()))
    if texts is not None:
        rows.append((What.TEXTS, texts, WHERE, LIKES))
    found = []
    for what, frame, where, likes in rows:
        told_apart = tuple(name for name in where if name in frame.columns and frame[name].n_unique() > 1)
        search = Search(dimensions=told_apart, seed=seed, what=what, likes=likes, level=LEVEL / len(rows))
        found += [_coarse(one.told()) for one in findings(frame, search)]
    return [one for one in found if one["levels"].get("team") not in NAMELESS]


def _coarse(told: dict[str, Any]) -> dict[str, Any]:
    """Round a proposal's figures: places are of a whole year, and two years that begin a month apart share most."""
    tens = {name: told[name] // _TENS * _TENS for name in ("texts", "customers")}
    shares = {name: round(told[name], 2) for name in ("share", "elsewhere")}
    gap = {name: round(value, 2) for name, value in told["gap"].items()}
    return told | tens | shares | {"gap": gap, "excess": float(round(told["excess"], -1))}
