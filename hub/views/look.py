"""What an approver of a view looked at and decides: the check on real data, or the word why there is none."""

import json
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from sqlmodel import Session

from hub.errors import AccessRefused
from hub.views.checked import GOOD_FOR, Check, bound_of, find_check
from hub.views.spec import ViewSpec
from privacy.purposes import Policy


class Unchecked(StrEnum):
    """Why a view is approved without a check on real data."""

    NO_DATA_YET = "no_data_yet"
    CHECKED_ELSEWHERE = "checked_elsewhere"
    URGENT = "urgent"


class Refusal(StrEnum):
    """Why a DPO does not approve a view."""

    PURPOSE = "purpose"  # the columns do not serve the purpose, or it is another one (Art. 5(1)(b))
    NOT_MINIMAL = "not_minimal"  # more is read, or more exactly, than the purpose needs (Art. 5(1)(c))
    GROUPS_TOO_SMALL = "groups_too_small"  # people could be singled out (recital 26)
    TOO_OFTEN = "too_often"  # grid or reads a period rebuild single events
    ASSESSMENT_MISSING = "assessment_missing"  # a DPIA or balancing test has to come first (Art. 35, 6(1)(f))
    UNCLEAR = "unclear"  # description or texts do not say what it is for


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """What an approver brings.

    - `looked_at`: the hash of the spec that they saw, where it could be another by now;
    - `unchecked`: why there is no check, None if there has to be one;
    - `until`: when the approval is to run out, at most `hub.views.registry.APPROVAL_DAYS` from now;
    - `separate_accounts`: author and approver cannot use one another's credentials.
    """

    looked_at: bytes | None = None
    unchecked: Unchecked | None = None
    until: datetime | None = None
    separate_accounts: bool = False


def seen_check(session: Session, spec: ViewSpec, policy: Policy, look: Look, *, at: datetime) -> Check | None:
    """Return the check that an approval rests on, None where the approver says why there is none.

    Raises:
        AccessRefused: there is none under exactly these rules, or it is older than `GOOD_FOR`.

    """
    if look.unchecked is not None:
        return None
    check = find_check(session, spec.name, bound_of(spec, policy))
    if check is None or check.checked_at <= at - GOOD_FOR:
        rule = "view_not_checked" if check is None else "check_too_old"
        raise AccessRefused(rule, f"Run `varde view check {spec.name}` and look at it, or say why not: --unchecked")
    if not json.loads(check.figures)["rows"]:
        raise AccessRefused(
            "view_not_checked", "The check saw no row; approve with --unchecked no_data_yet if it is so"
        )
    return check
