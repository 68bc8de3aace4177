"""Erasure for a request (Art. 17): the plan is shown first, the request is closed with the certificate's id."""

from dataclasses import dataclass

from hub.compose import Hub
from hub.consents import Subject
from hub.erasing import Plan
from hub.erasing import erase as destroy
from hub.erasing import plan as planned
from hub.requests.handling import verify_may_handle
from hub.requests.steps import fulfilled, get_request, subject_of, verify_worked_on
from privacy.audit import AuditFields
from privacy.request import Right
from privacy.store.principal import Principal


@dataclass(frozen=True, slots=True, kw_only=True)
class Erased:
    """How a request was answered: the certificate's id, and how many keys were destroyed."""

    erasure_id: bytes
    keys: int


def erasure_plan(hub: Hub, request_id: bytes, by: Principal) -> Plan:
    """Say what erasing the asker would do; changes nothing."""
    return planned(hub, _asker(hub, request_id, by), by)


def carry_out(hub: Hub, request_id: bytes, by: Principal) -> Erased:
    """Erase the asker and close the request; the audit log ties it to the erasure.

    An erasure that broke off is finished by start-up; then the request is closed with `varde request fulfil`.
    """
    certificate = destroy(hub, _asker(hub, request_id, by), by)
    with hub.unit_of_work() as session:
        fields = AuditFields(act_id=request_id, erasure=certificate.erasure_id)
        hub.audit(session, "request.erase", by.principal_id, fields)
        fulfilled(hub, session, get_request(session, request_id), by.principal_id)
    return Erased(erasure_id=certificate.erasure_id, keys=sum(certificate.keys.values()))


def _asker(hub: Hub, request_id: bytes, by: Principal) -> Subject:
    verify_may_handle(by)
    with hub.reading() as session:
        return subject_of(session, verify_worked_on(get_request(session, request_id), Right.ERASURE))
