"""The export of a person's own data: audited before anything is opened, in memory only, told as done when it has left.

Nothing of it is ever written by the hub: the HTTP API streams it to the verified person, the command line writes one
file of mode 0600 that the operator names.
"""

import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Final

from hub.compose import Hub
from hub.consents import Subject
from hub.requests.answering import note_answer
from hub.requests.dossier import Gathering, document_of, gathered
from hub.requests.handling import verify_may_handle
from hub.requests.opening import sealed_of
from hub.requests.page import page_of
from hub.requests.portable import portable_of
from hub.requests.reflection import held_rows
from hub.requests.steps import get_request, subject_of, verify_held, verify_worked_on
from privacy.audit import AuditFields
from privacy.request import Right
from privacy.store.principal import Principal
from privacy.terms import PrincipalId, RecordId, random_id


class Form(StrEnum):
    """How an export is written."""

    JSON = "json"
    HTML = "html"
    PORTABLE = "portable"  # Art. 20: a zip archive of JSON and CSV with their schema


_MEDIA: Final[Mapping[Form, str]] = {
    Form.JSON: "application/json",
    Form.HTML: "text/html; charset=utf-8",
    Form.PORTABLE: "application/zip",
}
_FILES: Final[Mapping[Form, str]] = {Form.JSON: "my-data.json", Form.HTML: "my-data.html", Form.PORTABLE: "my-data.zip"}
_RIGHTS: Final[Mapping[Form, Right]] = {
    Form.JSON: Right.ACCESS,
    Form.HTML: Right.ACCESS,
    Form.PORTABLE: Right.PORTABILITY,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Export:
    """A person's data as bytes in memory; never printed. `opened` counts the sealed cells that were opened.

    `record` is one of the person's; `request_id` is the request that it answers, None where nobody opened one.
    """

    act_id: bytes
    form: Form
    content: bytes = field(repr=False)
    opened: int
    record: RecordId
    request_id: bytes | None = None

    @property
    def media_type(self) -> str:
        """Name the content's type."""
        return _MEDIA[self.form]

    @property
    def right(self) -> Right:
        """Name the right that it answers."""
        return _RIGHTS[self.form]

    @property
    def file_name(self) -> str:
        """Propose a name that says nothing about the person."""
        return _FILES[self.form]


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """Whose data, in which form and language, who takes it out, and for which request if there is one."""

    subject: Subject
    form: Form
    language: str
    by: PrincipalId
    request_id: bytes | None = None


def export(hub: Hub, request_id: bytes, form: Form, by: Principal) -> Export:
    """Export the data of the identified asker of a request that is being worked on; `complete` it when it has left.

    Raises:
        AccessRefused: the role may not.
        StepRefused: nobody is identified, nobody has started, or the request is for another right.

    """
    verify_may_handle(by)
    with hub.reading() as session:
        request = get_request(session, request_id)
        record = verify_worked_on(request, _RIGHTS[form])
        subject = subject_of(session, record)
    wanted = Wanted(subject=subject, form=form, language=request.language, by=by.principal_id, request_id=request_id)
    return export_own(hub, wanted)


def export_own(hub: Hub, wanted: Wanted) -> Export:
    """Export a person's data for whoever was identified as that person.

    Raises:
        StepRefused: an erasure closed the person, before or meanwhile.

    """
    act_id, records = random_id(), wanted.subject.records
    with hub.reading() as session:
        verify_held(session, records)
        held = held_rows(session, records)
    sealed = sealed_of(held)
    with hub.unit_of_work() as session:
        fields = AuditFields(act_id=act_id, records=records, opened=len(sealed), reason=_RIGHTS[wanted.form].value)
        hub.audit(session, "request.export.intent", wanted.by, fields)
    hub.reached("export_audited")
    what = Gathering(act_id=act_id, by=wanted.by, records=records, language=wanted.language, held=held, sealed=sealed)
    dossier = gathered(hub, what)
    document = document_of(hub, dossier)
    writers: Mapping[Form, Callable[[], bytes]] = {
        Form.JSON: lambda: json_of(document),
        Form.HTML: lambda: page_of(document),
        Form.PORTABLE: lambda: portable_of(hub, dossier),
    }
    done = Export(
        act_id=act_id,
        form=wanted.form,
        content=writers[wanted.form](),
        opened=len(dossier.opened),
        record=min(records),
        request_id=wanted.request_id,
    )
    with hub.reading() as session:  # the read's linearisation point: an erasure may have begun since
        verify_held(session, records)
    return done


def complete(hub: Hub, done: Export, by: PrincipalId) -> None:
    """Note that an export has left: its size, its SHA-256, how much was opened, and the count of unwrapped keys.

    From here on it answers its request, or what the person has asked for without this one.
    """
    fields = AuditFields(
        act_id=done.act_id,
        request=done.request_id,
        opened=done.opened,
        size_bytes=len(done.content),
        sha256=hashlib.sha256(done.content).hexdigest(),
    )
    with hub.accounted() as session:
        hub.audit(session, "request.export.complete", by, fields)
        note_answer(hub, session, done.right, (done.record, done.request_id), by)


def json_of(document: Mapping[str, Any]) -> bytes:
    """Write a document as JSON for people and machines: UTF-8, indented."""
    return json.dumps(document, ensure_ascii=False, indent=1).encode()
