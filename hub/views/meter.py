"""A read of figures with noise is paid for before anything is computed, and the same question costs once.

Whatever would refuse the release later is asked before: a spend is not taken back. A read that is built again, because
somebody changed, is one release and is paid for once; the noise of an attempt that did not leave tells nobody.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime

from hub.anchors.standing import verify_open
from hub.compose import Hub
from hub.domains import Recipient, verify_release
from hub.errors import ReadContended
from hub.views.budget import Answer, Instants, Paid, basis_of, find_answer, spend
from hub.views.built import Built, persons_of
from hub.views.compile import check_past
from hub.views.intent import Reader
from hub.views.noise import verify_noise
from hub.views.quota import Asked, verify_reads_left
from hub.views.registry import readable_spec
from hub.views.remembered import permitted_now
from hub.views.spec import ViewSpec
from hub.views.summary import Budget
from hub.views.use import verify_use
from privacy.audit import AuditFields
from privacy.purposes import Purpose
from privacy.store.epoch import lock_epoch
from privacy.store.policy import find_policy


@dataclass(slots=True, kw_only=True)
class Metered:
    """One read of one view; called again where what it built does not stand at the fence."""

    hub: Hub
    who: Reader
    view: str
    purpose: str
    as_of: datetime
    source: Callable[[], Built]
    paid: bytes | None = None

    def __call__(self) -> Built:
        """Build what is asked for; of a view with a budget after paying, or with the figures of the same question.

        Raises:
            AccessRefused: the view or its budget does not allow the read.
            SettingsInvalid: OpenDP is not installed.

        """
        found = self._question()
        if found is None:
            return self.source()
        spec, budget, purpose, answer = found
        if answer is None and self.paid is None:
            self.paid = self._pay(spec, budget, purpose)
        built = self.source()
        if built.spec.hash != spec.hash:
            raise ReadContended(self.view)
        basis = basis_of(built.permitted, built.persons)
        if answer is not None and answer.basis == basis:
            repeated = Paid(spend_id=answer.spend_id, basis=basis, is_repeated=True)
            return replace(built, frame=answer.frame(built.frame.schema), paid=repeated)
        if self.paid is None:  # somebody came or went since the answer was looked up
            self.paid = self._pay(spec, budget, purpose)
        return replace(built, paid=Paid(spend_id=self.paid, basis=basis))

    def _question(self) -> tuple[ViewSpec, Budget, Purpose, Answer | None] | None:
        """Return what is asked, and the answer if there is one; None where nothing is to be paid."""
        hub, at = self.hub, self.hub.clock()
        with hub.reading() as session:
            policy = find_policy(session) or hub.policy()
            spec = readable_spec(session, policy, self.view, at=at)
            budget = None if spec.summary is None else spec.summary.budget
            if budget is None or self.purpose != spec.purpose:  # another purpose is refused where the view is built
                return None
            check_past(spec, self.as_of, at=at)
            purpose = policy.purpose(spec.purpose)
            permitted = permitted_now(hub, session, purpose, spec.grain, at=at)
            basis = basis_of(permitted, persons_of(hub, session, purpose, spec, at))
            return spec, budget, purpose, find_answer(session, spec, self.as_of, basis)

    def _pay(self, spec: ViewSpec, budget: Budget, purpose: Purpose) -> bytes:
        """Pay for the release, in a transaction of its own; nothing is computed before it is committed."""
        hub, at, principal = self.hub, self.hub.clock(), self.who.principal
        verify_noise()
        verify_use(purpose, self.who.use)
        verify_open(hub.anchoring.standing(), purpose)
        with hub.unit_of_work() as session:
            lock_epoch(session)
            verify_release(session, purpose, Recipient(principal.role, self.who.module), (), at=at)
            verify_reads_left(hub, session, spec, Asked(as_of=self.as_of))
            spend_id = spend(session, spec, budget, principal.principal_id, Instants(as_of=self.as_of, at=at))
            fields = AuditFields(
                act_id=spend_id,
                view=spec.name,
                view_version=spec.version,
                view_hash=spec.hash.hex(),
                purpose=spec.purpose,
                as_of=self.as_of,
                micro_epsilon=budget.epsilon,
            )
            hub.audit(session, "view.spend", principal.principal_id, fields)
        return spend_id
