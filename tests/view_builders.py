"""How tests that are about something else approve a view: without a check on real data, and saying so."""

from typing import Final

from hub.authentication import Scope, add
from hub.compose import Hub
from hub.views.look import Look, Unchecked
from hub.views.registry import approve, submit
from hub.views.version import all_versions
from privacy.store.principal import EVERYTHING, Principal
from privacy.terms import Role

WITHOUT_CHECK: Final = Look(unchecked=Unchecked.CHECKED_ELSEWHERE)
"""What an approver brings who saw no check."""


def approve_again(hub: Hub, text: str, author: Principal) -> None:
    """Submit a text as the next version of its view and have a new DPO approve it: after the rules changed."""
    with hub.reading() as session:
        version = 1 + max((row.version for row in all_versions(session) if f"name: {row.name}\n" in text), default=0)
    name = submit(hub, text.replace("version: 1\n", f"version: {version}\n"), author).name
    everything = frozenset({EVERYTHING})
    dpo, _ = add(hub, f"dpo of {name} {version}", Scope(role=Role.DPO, purposes=everything, views=everything), author)
    approve(hub, name, dpo, WITHOUT_CHECK)
