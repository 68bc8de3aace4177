"""Telling colleagues by mail that an alert waits: of which kind and until when, never of whom nor what was written.

At least once: an alert is taken for a few minutes, the mail handed over, then noted; a crash between lets it go out
again, under the same Message-ID. Told are the owner's addresses when the alert is raised, and those of the next in line
where nobody acknowledged in time. Whose purpose may not be read any more is told to nobody.
"""

import smtplib
from datetime import datetime
from email.message import EmailMessage
from email.policy import SMTP
from typing import Final

from hub.alerts import store
from hub.alerts.desk import permitted_alerts
from hub.alerts.notice import notice
from hub.alerts.raising import ITSELF, PURPOSE
from hub.alerts.rules import AlertRule, rules_of
from hub.alerts.sealing import Said, open_said
from hub.alerts.store import LEASE, AlertState, SealedAlert
from hub.compose import Hub
from hub.errors import ServiceUnreachable
from hub.outbox.post import Answer, Carrier, Outcome, Post, sender_refused
from privacy.audit import AuditFields
from privacy.terms import random_id

MOST_AT_ONCE: Final = 20


def tell_due(hub: Hub, post: Post) -> int:
    """Tell of the alerts that are due; return how many mails left.

    Raises:
        ServiceUnreachable: the mail server cannot be reached; all are told again later.
        SettingsInvalid: alerts.yaml makes no sense, or the mail server does not send for us: told again later.

    """
    rules, act_id = rules_of(hub), random_id()
    with hub.reading() as session:
        if not store.due_to_tell(session, at=hub.clock(), most=1):
            return 0
    with hub.unit_of_work() as session:
        at = hub.clock()
        waiting = store.due_to_tell(session, at=at, most=MOST_AT_ONCE)
        due = permitted_alerts(hub, session, waiting, at)
        for one in waiting:
            if one not in due:  # asked again later, and in nobody's way meanwhile
                store.change_alert(session, one.alert_id, _OPEN, tell_at=at + LEASE)
        taken = [one for one in due if store.change_alert(session, one.alert_id, _OPEN, tell_at=at + LEASE)]
        if taken:  # nothing is opened, and nothing leaves, before the log knows of it
            told = tuple(sorted({one.record_id for one in taken}))
            fields = AuditFields(act_id=act_id, purpose=PURPOSE, rows=len(taken), opened=len(taken), records=told)
            hub.audit(session, "alert.tell", ITSELF.principal_id, fields)
    opened = open_said(hub, taken, act_id=act_id)
    hub.reached("alerts_claimed")
    try:
        with post.open() as carrier:
            return sum(
                _tell(hub, (post, carrier), rules, one, opened[one.alert_id]) for one in taken if one.alert_id in opened
            )
    except (OSError, smtplib.SMTPException) as exc:
        raise ServiceUnreachable("the mail server", type(exc).__name__) from None


_OPEN: Final = (AlertState.OPEN,)


def _tell(hub: Hub, way: tuple[Post, Carrier], rules: dict[str, AlertRule], one: SealedAlert, said: Said) -> int:
    """Tell those whose turn it is, and note when the next are told; 1 where a mail left."""
    rule, at = rules[said.kinds[0]], hub.clock()
    escalates = at >= one.escalate_at
    addresses = rule.escalate_mail if escalates else rule.mail
    answer = Answer(Outcome.TAKEN)
    if addresses:
        answer = way[1].carry(_mail(at, way[0], one, said, rule))  # one instant says whose turn it is
        hub.reached("alert_told")
    if answer.outcome is Outcome.OUR_FAULT:
        raise sender_refused(answer)  # nobody was told, and nobody can be until the setting is mended
    if answer.outcome is Outcome.LATER:
        return 0  # the lease ends in minutes, and it is tried again
    with hub.unit_of_work() as session:
        if answer.outcome is Outcome.REFUSED and not escalates:  # no such address: the next in line hears at once
            now = hub.clock()
            store.change_alert(session, one.alert_id, _OPEN, tell_at=now, escalate_at=now)
            return 0
        later = None if escalates else one.escalate_at
        store.change_alert(session, one.alert_id, _OPEN, tell_at=later, told=one.told + len(addresses))
    return int(bool(addresses) and answer.outcome is Outcome.TAKEN)


def _mail(at: datetime, post: Post, one: SealedAlert, said: Said, rule: AlertRule) -> EmailMessage:
    """Write the mail; its Message-ID is the alert's and how often it was told, for life."""
    mail = EmailMessage(policy=SMTP)
    late, short = at >= one.escalate_at, one.alert_id.hex()[:8]
    owner = said.escalate_to if late else said.owner
    mail["From"], mail["To"] = post.sender, ", ".join(rule.escalate_mail if late else rule.mail)
    told = notice(rule.language, said.kinds[0], when=(one.arrived_at, one.due_at), owner=owner, short=short)
    mail["Subject"] = told.late if late else told.subject
    mail["Date"] = at
    mail["Message-ID"] = f"<{one.alert_id.hex()}.{one.told}@{post.domain}>"
    mail["Auto-Submitted"] = "auto-generated"
    mail.set_content(told.body)
    mail["Content-Language"] = rule.language  # after the content, which clears headers of its name
    return mail
