"""Who may read a view at all: role and scope of the credential, before anything is looked at; a no is counted.

And what a reader is told of those who are absent.
"""

from typing import Final

from hub.attempts import note_denied
from hub.compose import Hub
from hub.errors import AccessRefused
from hub.views.load import catalogue_names, catalogue_spec
from hub.views.spec import ViewSpec
from privacy.store.attempt import DenialKind
from privacy.store.principal import Principal
from privacy.terms import Role

_MAY_READ: Final = frozenset({Role.OWNER, Role.SCIENTIST, Role.SERVICE, Role.SUCCESS})
_SEES_SMALL_COUNTS: Final = frozenset({Role.DPO, Role.OWNER})


def verify_may_read(principal: Principal, view: str, purpose: str) -> None:
    """Check role and scope of the credential; a caller's purpose can only narrow it.

    Raises:
        AccessRefused: names the rule and whom to ask.

    """
    if principal.role not in _MAY_READ:
        raise AccessRefused("role_may_not_read", "Ask for a credential of role scientist, success or service")
    if not principal.may_use(purpose=purpose, view=view):
        raise AccessRefused("credential_not_bound", _grant_on(view, purpose))


def _grant_on(view: str, purpose: str) -> str:
    """Say what to ask for; names that Varde does not bring were typed, may be about somebody, and are not repeated."""
    if view in catalogue_names() and catalogue_spec(view).purpose == purpose:
        return f"Ask for a grant on purpose {purpose} and view {view}"
    return "Ask for a grant on this purpose and view"


def verify_admitted(hub: Hub, principal: Principal, view: str, purpose: str) -> None:
    """Check role and scope of a credential, and count it where it is refused: the door of whatever acts on a view.

    Raises:
        AccessRefused: names the rule and whom to ask.

    """
    try:
        verify_may_read(principal, view, purpose)
    except AccessRefused as refused:
        note_refusal(hub, principal, purpose, refused)
        raise


def note_refusal(hub: Hub, principal: Principal, purpose: str, refused: AccessRefused) -> None:
    """Count a denied attempt; the names are the caller's, so only known words are kept."""
    known = purpose in {each.id for each in hub.policy().purposes}
    asked = purpose if known else ""
    note_denied(hub, DenialKind(principal.principal_id, "view.release.refused", refused.because, asked))
    refused.noted = True


def told_of_absent(absent: dict[str, int], principal: Principal, spec: ViewSpec) -> dict[str, int]:
    """Keep small counts from modellers: together with a second read they would point at one person.

    Beside figures none is told to them, and beside noise none to anybody: exact counts of who is not in figures would
    say what noise and withheld cells do not.
    """
    if spec.summary is not None and spec.summary.budget is not None:
        return {}
    if principal.role in _SEES_SMALL_COUNTS:
        return absent
    if spec.summary is not None:
        return {}
    return {rule: count for rule, count in absent.items() if count >= max(spec.k, 2)}
