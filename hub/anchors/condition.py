"""What `varde doctor` tells about anchors: what each keeps, how old it is, and whether reading is open."""

from collections.abc import Iterator, Mapping
from datetime import datetime

from hub.anchors.anchor import Anchor, Outcome
from hub.anchors.standing import Closed, Open
from hub.anchors.store import Kept
from hub.finding import Finding, State


def conditions(
    anchors: tuple[Anchor, ...], known: Mapping[str, Kept], standing: Open | Closed, *, at: datetime
) -> Iterator[Finding]:
    """Tell of every anchor; say plainly what a hub without an outside one cannot know (design: invariant 6)."""
    if not anchors:
        found = "no anchor outside the home is configured: an old restore cannot be noticed"
        remedy = "Configure one (docs/guides/anchors.md), or keep each `varde audit checkpoint` with somebody else"
        yield Finding("anchor", State.WARNING, found, remedy)
    for anchor in anchors:
        yield _condition(anchor.name, known.get(anchor.name), at)
    if isinstance(standing, Closed):
        found = f"purposes on consent and direct marketing are closed: {standing.because}"
        remedy = "The DPO looks at `varde audit anchors`, restores a newer backup or runs `varde audit accept-gap`"
        yield Finding("anchor_standing", State.FAULT, found, remedy)


def _condition(name: str, last: Kept | None, at: datetime) -> Finding:
    if last is None or last.kept_at is None:
        said = "" if last is None else f"; it said {last.outcome} {last.why}".rstrip()
        return Finding("anchor", State.WARNING, f"{name} keeps nothing yet{said}", "Run `varde audit anchor`")
    hours = (at - last.kept_at).total_seconds() / 3600
    found = f"{name} ({last.level}) keeps {last.size} entries of log {last.log}, handed over {hours:.1f} h ago"
    if last.outcome in {Outcome.PUBLISHED, Outcome.AGREES}:
        return Finding("anchor", State.OK, found)
    grave = last.outcome in {Outcome.AHEAD, Outcome.CONTRADICTED}
    told = f"{found}; since then it said {last.outcome} {last.why}".rstrip()
    return Finding("anchor", State.FAULT if grave else State.WARNING, told, "See docs/guides/anchors.md")
