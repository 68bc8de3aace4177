"""All rows of a view's newest snapshot that still stand: a release like any other, of rows that were made beforehand.

The steps are the gate's: authorise; decide which rows stand, at the epoch that the release commits at; append the
intent in that transaction, with everybody who is in it; only then hand the rows out. Nothing is built and nothing is
opened anew, so it takes as long as its rows take to be written. The rows are those of the read that the snapshot was
counted as: reading them is counted with it, and they may be used as long as that read's.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

import numpy as np
import polars as pl

from hub.accesses import with_ordinals
from hub.compose import Hub
from hub.domains import Recipient, verify_recipient
from hub.errors import AccessRefused, ReadContended
from hub.views.admission import note_refusal, told_of_absent
from hub.views.gateway import Gateway, Released, Weigh, weightless
from hub.views.intent import Intent, Reader, note_intent
from hub.views.online import admitted
from hub.views.opened import Opened
from hub.views.piecemeal import Piecemeal, Standing
from hub.views.shelf import Shelf
from hub.views.use import prohibited_of
from privacy.instant import instant_of, microseconds_of
from privacy.store.epoch import lock_epoch
from privacy.terms import random_id

_ATTEMPTS: Final = 5
CHANGED: Final = "changed_since_snapshot"
"""Why customers of a snapshot are absent from a read of it."""


def read_kept(hub: Hub, who: Reader, view: str, *, purpose: str) -> Released:
    """Read as `release_kept` does, for rows that stay in this process: digested by pieces that are remembered."""
    kept = _kept(hub, who, view, purpose, weightless)
    Gateway(hub).complete(kept.released, who.principal, kept.pieces.digest(kept.standing))
    return kept.released


def release_kept(hub: Hub, who: Reader, view: str, *, purpose: str, weigh: Weigh = weightless) -> Released:
    """Release the rows of a view's newest snapshot, for a caller that hands them on and notes their completion.

    `weigh` is asked of the rows before their release is committed, and may refuse.

    Raises:
        AccessRefused: credential, purpose, view or stated use do not allow it, or there is no snapshot to read from.
        ReadContended: others kept changing what was being read.

    """
    return _kept(hub, who, view, purpose, weigh).released


@dataclass(frozen=True, slots=True)
class _Kept:
    """A release, and which of a snapshot's rows it is of."""

    released: Released
    pieces: Piecemeal
    standing: Standing


def _kept(hub: Hub, who: Reader, view: str, purpose: str, weigh: Weigh) -> _Kept:
    try:
        opened = admitted(hub, who, view, purpose)
        for _ in range(_ATTEMPTS):
            kept = _released(hub, who, opened, weigh)
            if kept is not None:
                return kept
            opened = hub.memory.of(Shelf).bring_on(hub, view)
    except AccessRefused as refused:
        note_refusal(hub, who.principal, purpose, refused)
        raise
    raise ReadContended(view)


def _released(hub: Hub, who: Reader, opened: Opened, weigh: Weigh) -> _Kept | None:
    """Look under the epoch's lock at what changed; None where the snapshot has to be brought on first."""
    rules, snapshot, standing = opened.rules, opened.snapshot, opened.standing(at=hub.clock())
    frame, members = opened.pieces.standing(standing), _members(hub, opened, standing)
    weigh(frame)
    with hub.unit_of_work() as session:
        epoch, at = lock_epoch(session), hub.clock()
        if not opened.usable(at=at) or opened.touched(session, epoch) != set():
            return None
        if not np.array_equal(opened.standing(at=at), standing):  # brought on by another thread, or somebody lapsed
            return None
        verify_recipient(rules.domain, Recipient(who.principal.role, who.module), (), at=at)
        gone = opened.rows.height - frame.height
        absent = {CHANGED: gone} if gone else {}
        intent = Intent(
            release_id=random_id(),
            spec=rules.spec,
            purpose=rules.purpose,
            as_of=snapshot.as_of,
            counted=False,
            at=at,
            expires_at=snapshot.made_at + timedelta(days=rules.spec.expires_days),
            epoch=epoch,
            rows=frame.height,
            columns=tuple(frame.columns),
            absent=absent,
            members=members,
        )
        note_intent(hub, session, intent, who)
    released = Released(
        release_id=intent.release_id,
        spec=rules.spec,
        frame=frame,
        absent=told_of_absent(absent, who.principal, rules.spec),
        expires_at=intent.expires_at,
        leaves_until=min(intent.expires_at, _stand_until(opened, standing)),
        epoch=epoch,
        prohibited_uses=prohibited_of(rules.purpose),
    )
    return _Kept(released, opened.pieces, standing)


def _stand_until(opened: Opened, standing: Standing) -> datetime:
    """Return when the snapshot ends, or the first of its rows that stand lapses."""
    ends = microseconds_of(opened.snapshot.expires_at)
    return instant_of(int(opened.until_us[standing].min(initial=ends)))


def _members(hub: Hub, opened: Opened, standing: Standing) -> pl.Series:
    """Return the ordinals of everybody in the rows that stand; whoever has none yet is given one."""
    made_of = opened.made_of.of_all(standing)
    if not made_of["ordinal"].null_count():
        return made_of["ordinal"]
    given = with_ordinals(hub, made_of.with_columns(entity="record"))
    opened.made_of.learn(given.select("record", "ordinal"))
    return given["ordinal"]
