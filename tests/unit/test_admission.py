"""What somebody is told who may not read: what to ask for, and no word that they typed themselves."""

from dataclasses import dataclass

import pytest

from hub.errors import AccessRefused
from hub.views.admission import verify_may_read
from privacy.terms import Role


@dataclass(frozen=True)
class Bound:
    """Stands for a credential that is bound to nothing."""

    role: Role = Role.SCIENTIST

    def may_use(self, *, purpose: str, view: str) -> bool:
        return not purpose and not view


@pytest.mark.parametrize(
    ("view", "purpose", "told"),
    [
        ("churn_scoring", "churn", "purpose churn and view churn_scoring"),
        ("churn_scoring", "solveig", "this purpose and view"),
        ("solveig", "churn", "this purpose and view"),
    ],
)
def test_a_credential_that_is_not_bound_is_told_what_to_ask_for(view: str, purpose: str, told: str) -> None:
    with pytest.raises(AccessRefused, match="credential_not_bound") as refused:
        verify_may_read(Bound(), view, purpose)  # type: ignore[arg-type]  # what it asks of a principal is these two
    assert str(refused.value).endswith(f"Ask for a grant on {told}")
