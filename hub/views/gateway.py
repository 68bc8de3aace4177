"""The one gate: authorise, decide, build, minimise, pseudonymise, fence, audit committed, release.

The order is the point. A frame is built for the customers who may be read at one epoch. Before it leaves, the
epoch's row is locked and everything that changed meanwhile is looked at again: at person grain whoever changed is
dropped unless the permitted records are exactly the same; a coarser figure that somebody contributed to is built
again, and so is a summary, of which no row ever leaves. Only then the intent is appended to the audit log, in the same
transaction; its commit is the read's linearisation point. If it cannot be committed, nothing is released.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Final

import polars as pl
from sqlmodel import Session

from hub.accesses import with_ordinals
from hub.anchors.standing import verify_open
from hub.compose import Hub
from hub.domains import Recipient, verify_release
from hub.errors import AccessRefused, ReadContended
from hub.lake.reading import reading
from hub.retention.sight import RETENTION, Sight
from hub.views.admission import note_refusal, told_of_absent, verify_may_read
from hub.views.arrival import verify_way
from hub.views.budget import keep_answer
from hub.views.building import Build, RowsAt, TrainingAt, instant_of_figures
from hub.views.built import Built, persons_of
from hub.views.folding import RECORD, SUBJECT, Permitted
from hub.views.intent import Completion, Intent, Reader, note_completion, note_intent, reader_of
from hub.views.keyed import by_pseudonym
from hub.views.meter import Metered
from hub.views.permission import PermittedSet, permitted_set
from hub.views.quota import Asked, verify_reads_left
from hub.views.registry import readable_spec
from hub.views.remembered import learn_ordinals, permitted_now
from hub.views.spec import ViewSpec
from hub.views.summed import Summed, summed
from hub.views.use import prohibited_of, verify_use
from hub.views.wire import Left, arrow_pieces, left_of
from ingest.store.record import entities_of_records
from privacy.store.epoch import current_epoch, lock_epoch, records_changed_since
from privacy.store.policy import find_policy
from privacy.store.principal import Principal
from privacy.terms import EntityKind, random_id

Weigh = Callable[[pl.DataFrame], None]
PSEUDONYM: Final = "pseudonym"
ENTITY: Final = "entity"
_ATTEMPTS: Final = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Released:
    """Rows that left the hub: `pseudonym` (Binary, 16 bytes, of the purpose's domain) and the view's features.

    `absent` counts customers left out by rule; counts below the view's k, and all counts beside figures, reach only the
    DPO and the owner; beside noise there are none. The rows must not be used after `expires_at`. What has not left by
    `leaves_until` stays: it would not be released any more, though nobody acted.
    """

    release_id: bytes
    spec: ViewSpec
    frame: pl.DataFrame
    absent: dict[str, int]
    expires_at: datetime
    leaves_until: datetime
    epoch: int
    prohibited_uses: tuple[str, ...]


def weightless(_frame: pl.DataFrame) -> None:
    """Let any frame leave: whoever reads in this process holds it anyway."""


class Gateway:
    """Reads of customer data, each through the same steps.

    `weigh` is asked of each frame that was built and is to leave, before its release is committed; it may refuse.
    """

    def __init__(self, hub: Hub, weigh: Weigh = weightless) -> None:
        self.hub = hub
        self._weigh = weigh

    def read(
        self, who: Principal | Reader, view: str, *, purpose: str, as_of: datetime, module: str | None = None
    ) -> Released:
        """Read a view at an instant of its grid; `module` is what the rows are for; a `Reader` states more.

        Raises:
            AccessRefused: credential, purpose, view or stated use do not allow it; the refusal is audited.
            CutRefused: `as_of` is not on the view's grid.
            ReadContended: others kept changing what was being read.

        """
        released = self.release(who, view, purpose=purpose, as_of=as_of, module=module)
        self.complete(released, reader_of(who, module).principal)
        return released

    def release(
        self, who: Principal | Reader, view: str, *, purpose: str, as_of: datetime, module: str | None = None
    ) -> Released:
        """Read as `read` does, for a caller that hands the rows on and notes their completion itself."""
        source = partial(self._build, view, purpose, RowsAt(as_of, self.hub.settings.engine))
        reader = reader_of(who, module)
        metered = Metered(hub=self.hub, who=reader, view=view, purpose=purpose, as_of=as_of, source=source)
        return self.release_built(reader, view, purpose, Asked(as_of=as_of), metered)

    def build(self, view: str, *, purpose: str, as_of: datetime) -> Built:
        """Build a frame that stays in the hub, sealed: nothing of it is released.

        Raises:
            AccessRefused: the view may not be read now; nobody's credential is looked at here.
            CutRefused: `as_of` is not on the view's grid.

        """
        return self._build(view, purpose, RowsAt(as_of, self.hub.settings.engine))

    def build_with(self, view: str, purpose: str, build: Build) -> Built:
        """Build as `build` does, by the caller's own plan; nothing of it is released."""
        return self._build(view, purpose, build)

    def read_training(
        self, who: Reader, view: str, *, purpose: str, cuts: list[datetime], known_until: datetime
    ) -> Released:
        """Read a view at several instants with labels; every label window ends before `known_until`."""
        asked = Asked(as_of=max(cuts), instants=len(cuts), training=True)
        source = partial(self._build, view, purpose, TrainingAt(cuts, known_until, self.hub.settings.engine))
        released = self.release_built(who, view, purpose, asked, source)
        self.complete(released, who.principal)
        return released

    def complete(self, released: Released, principal: Principal, left: Left | None = None) -> None:
        """Note that the rows have left, and as which bytes; those that stay in this process as an Arrow stream."""
        left = left or left_of(arrow_pieces(released.frame, {}))
        done = Completion(released.release_id, released.spec.name, released.frame.height, left)
        note_completion(self.hub, done, principal)

    def release_built(
        self, who: Reader, view: str, purpose: str, asked: Asked, source: Callable[[], Built]
    ) -> Released:
        """Release what `source` builds; it is asked again where what it built does not stand at the fence."""
        principal = who.principal
        try:
            verify_may_read(principal, view, purpose)
            for _ in range(_ATTEMPTS):
                built = source()
                self._weigh(built.frame)
                verify_use(built.purpose, who.use)
                released = self._fence(who, built, asked)
                if released is not None:
                    return released
        except AccessRefused as exc:
            note_refusal(self.hub, principal, purpose, exc)
            raise
        raise ReadContended(view)

    def _build(self, view: str, purpose: str, build: Build) -> Built:
        """Decide, then build the frame of those who may be read at this epoch."""
        hub, at = self.hub, self.hub.clock()
        standing = hub.anchoring.standing()
        with reading(hub.lake) as reader:
            with hub.reading() as session:
                epoch = current_epoch(session)
                policy = find_policy(session) or hub.policy()
                spec = readable_spec(session, policy, view, at=at)
                if purpose != spec.purpose:
                    raise AccessRefused("purpose_not_of_view", f"This view serves {spec.purpose}")
                verify_way(spec, build)
                figures_at = instant_of_figures(spec, build)
                declared = policy.purpose(spec.purpose)
                verify_open(standing, declared)
                permitted = permitted_now(hub, session, declared, spec.grain, at=at)
                persons = persons_of(hub, session, declared, spec, at)
                sight = Sight(reader, policy, spec.purpose, at=at)
                sight.know_records(session, spec.tables)
            ordinal = pl.col("entity").rank("dense").cast(pl.UInt32).alias(SUBJECT)
            subjects = permitted.records.with_columns(ordinal)
            allowed = None if persons is None else persons.records.lazy().select(RECORD)
            whose = Permitted(subjects.lazy(), allowed, policy.minimum_redactor_version)
            with reader.refusals():
                built = build(sight, spec, whose)
            frame, there = built.frame, built.frame[SUBJECT] if built.there is None else built.there
            counts = built.there is not None  # else nobody knows who has no row
            withheld = sight.withheld(subjects, there.to_frame(), spec.grain.value) if counts else 0
        entities = subjects.unique(SUBJECT).sort(SUBJECT)[ENTITY]  # by ordinals from 1 on, without gaps: no join
        members = with_ordinals(hub, read := _read(subjects, there, persons))
        learn_ordinals(hub, declared, read, members)
        absent = permitted.absent | ({RETENTION: withheld} if withheld else {})
        if spec.summary is not None and figures_at is not None:
            left = summed(spec, spec.summary, frame, as_of=figures_at)
        else:
            rows = frame.with_columns(entities.gather(frame[SUBJECT] - 1)).drop(SUBJECT)
            domain = hub.domain(declared.domain)
            left = Summed(by_pseudonym(rows, spec.key, domain, names=(ENTITY, PSEUDONYM), threads=spec.threads))
        found = (left.frame, members, absent, at.date(), left.withheld)
        return Built(spec, declared, epoch, permitted, persons, *found)

    def _fence(self, who: Reader, built: Built, asked: Asked) -> Released | None:
        """Look again at what changed since the build; commit the intent; None if the frame must be built again."""
        hub, spec = self.hub, built.spec
        with hub.unit_of_work() as session:
            to, epoch = Recipient(who.principal.role, who.module), lock_epoch(session)
            verify_release(session, built.purpose, to, spec.quasi_identifiers, at=hub.clock())
            if (frame := self._still_permitted(session, built)) is None:
                return None
            absent, members, at = dict(built.absent), built.members, hub.clock()
            if frame.height < built.frame.height:
                absent["changed_during_read"] = built.frame.height - frame.height
                members = members.filter(pl.col(ENTITY).is_in(frame[ENTITY].implode()))
            counted = not built.is_repeated and verify_reads_left(hub, session, spec, asked.of(members["ordinal"]))
            intent = Intent(
                release_id=random_id(),
                spec=spec,
                purpose=built.purpose,
                as_of=asked.as_of,
                instants=asked.instants,
                counted=counted,
                at=at,
                expires_at=at + timedelta(days=spec.expires_days),
                epoch=epoch,
                rows=frame.height,
                columns=tuple(name for name in frame.columns if name != ENTITY),
                absent=absent | built.withheld,
                members=members["ordinal"],
            )
            note_intent(hub, session, intent, who)
            keep_answer(session, intent, built.paid, frame)
        return Released(
            release_id=intent.release_id,
            spec=spec,
            frame=frame.drop(ENTITY, strict=False),
            absent=told_of_absent(absent, who.principal, spec),
            expires_at=intent.expires_at,
            leaves_until=min(intent.expires_at, built.stands_until),
            epoch=epoch,
            prohibited_uses=prohibited_of(built.purpose),
        )

    def _still_permitted(self, session: Session, built: Built) -> pl.DataFrame | None:
        """Drop whoever may no longer be read; None where a figure or group would have to be computed again."""
        now = self.hub.clock()
        if built.stands_until <= now:
            return None
        changed = records_changed_since(session, built.epoch)
        if changed is None:
            return None
        if not changed:
            return built.frame
        if built.spec.grain is not EntityKind.PERSON or built.spec.groups_levels:
            return None
        touched = pl.DataFrame({"record": sorted(changed)}, schema={"record": pl.Binary})
        before = built.permitted.records
        was = before.join(touched, on="record", how="semi")["entity"]
        now_in = pl.Series("entity", entities_of_records(session, touched["record"].to_list()), dtype=pl.Binary)
        entities = pl.concat([was, now_in]).unique()  # a merge touches the entity that took the record in, too
        after = permitted_set(session, built.purpose, built.spec.grain, at=now, entities=entities).records
        earlier = before.filter(pl.col("entity").is_in(entities.implode()))
        gone = _with_other_records(earlier, after)
        if built.spec.groups_rows:
            return None if gone.len() else built.frame
        return built.frame.filter(~pl.col("entity").is_in(gone.implode()))


def _read(subjects: pl.DataFrame, there: pl.Series, persons: PermittedSet | None) -> pl.DataFrame:
    """Return every record that rows were made of; at organisation grain whoever's acts may have counted in them."""
    read = subjects.join(there.unique().to_frame(), on=SUBJECT, how="semi").select("record", ENTITY, "ordinal")
    return read if persons is None else pl.concat([read, persons.records.select("record", ENTITY, "ordinal")])


def _with_other_records(before: pl.DataFrame, after: pl.DataFrame) -> pl.Series:
    """Return the entities whose permitted records are not exactly what they were."""
    lost = before.join(after, on=["record", "entity"], how="anti")["entity"]
    gained = after.join(before, on=["record", "entity"], how="anti")["entity"]
    return pl.concat([lost, gained]).unique()
