"""Which role may run which command, where the act itself does not check it already."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Final

from hub.errors import AccessRefused
from privacy.store.principal import Principal
from privacy.terms import Role


class Duty(StrEnum):
    """What a command does for the hub."""

    ANYTHING = "anything"  # the act checks the role itself, or shows nothing about customers
    PROFILE = "profile"
    INGEST = "ingest"
    SEE_REJECTS = "see_rejects"
    OPEN_REJECTS = "open_rejects"
    SEE_BATCHES = "see_batches"
    REVIEW_MATCHES = "review_matches"
    CHANGE_POLICY = "change_policy"
    DECIDE_RECONSENT = "decide_reconsent"
    READ_AUDIT = "read_audit"
    VERIFY_AUDIT = "verify_audit"
    CONFIRM_GAP = "confirm_gap"
    LIFT_SUPPRESSION = "lift_suppression"
    CONTINUE_AUDIT = "continue_audit"
    KEEP_LAKE = "keep_lake"
    BACK_UP = "back_up"
    SEE_KEYS = "see_keys"
    ROTATE_KEYS = "rotate_keys"
    RETIRE_KEYS = "retire_keys"
    TRAIN = "train"
    WIN_BACK = "win_back"
    SEND_WINBACK = "send_winback"
    SEE_STAMPS = "see_stamps"
    PLAN_RETENTION = "plan_retention"
    RUN_RETENTION = "run_retention"
    SERVE = "serve"
    SEND_LETTERS = "send_letters"
    SEE_LETTERS = "see_letters"
    TELL_RECIPIENTS = "tell_recipients"
    SEE_RECIPIENTS = "see_recipients"


_ROLES: Final[Mapping[Duty, frozenset[Role]]] = {
    Duty.ANYTHING: frozenset(Role),
    Duty.PROFILE: frozenset({Role.OWNER, Role.ENGINEER}),
    Duty.INGEST: frozenset({Role.OWNER, Role.ENGINEER, Role.SERVICE}),
    Duty.SEE_REJECTS: frozenset({Role.OWNER, Role.DPO, Role.ENGINEER}),
    Duty.OPEN_REJECTS: frozenset({Role.OWNER, Role.ENGINEER}),
    Duty.SEE_BATCHES: frozenset({Role.OWNER, Role.DPO, Role.ENGINEER, Role.SCIENTIST}),
    Duty.REVIEW_MATCHES: frozenset({Role.OWNER, Role.DPO}),
    Duty.CHANGE_POLICY: frozenset({Role.OWNER, Role.DPO}),
    Duty.DECIDE_RECONSENT: frozenset({Role.DPO}),
    Duty.READ_AUDIT: frozenset({Role.OWNER, Role.DPO}),
    Duty.VERIFY_AUDIT: frozenset({Role.OWNER, Role.DPO, Role.ENGINEER}),
    Duty.CONFIRM_GAP: frozenset({Role.DPO}),
    Duty.LIFT_SUPPRESSION: frozenset({Role.DPO}),
    Duty.CONTINUE_AUDIT: frozenset({Role.OWNER}),
    Duty.KEEP_LAKE: frozenset({Role.OWNER, Role.ENGINEER}),
    Duty.BACK_UP: frozenset({Role.OWNER, Role.ENGINEER}),
    Duty.SEE_KEYS: frozenset({Role.OWNER, Role.DPO, Role.ENGINEER}),
    Duty.ROTATE_KEYS: frozenset({Role.OWNER}),
    Duty.RETIRE_KEYS: frozenset({Role.OWNER, Role.DPO}),
    Duty.WIN_BACK: frozenset({Role.OWNER, Role.SUCCESS}),
    Duty.SEND_WINBACK: frozenset({Role.OWNER, Role.SERVICE}),
    Duty.SEE_STAMPS: frozenset({Role.OWNER, Role.DPO, Role.SUCCESS}),
    Duty.PLAN_RETENTION: frozenset({Role.OWNER, Role.DPO}),
    Duty.RUN_RETENTION: frozenset({Role.OWNER, Role.DPO}),
    Duty.SERVE: frozenset({Role.OWNER, Role.ENGINEER}),
    Duty.SEND_LETTERS: frozenset({Role.OWNER, Role.ENGINEER}),
    Duty.SEE_LETTERS: frozenset({Role.OWNER, Role.DPO, Role.ENGINEER}),
    Duty.TELL_RECIPIENTS: frozenset({Role.OWNER, Role.DPO, Role.ENGINEER}),
    Duty.SEE_RECIPIENTS: frozenset({Role.OWNER, Role.DPO}),
    Duty.TRAIN: frozenset({Role.OWNER, Role.SCIENTIST, Role.SERVICE}),
}


def verify_duty(principal: Principal, duty: Duty) -> None:
    """Refuse a principal whose role does not have the duty.

    Raises:
        AccessRefused: names the rule and the roles to ask.

    """
    roles = _ROLES[duty]
    if principal.role not in roles:
        raise AccessRefused(f"role_may_not_{duty}", f"Ask the {' or '.join(sorted(roles))}")
