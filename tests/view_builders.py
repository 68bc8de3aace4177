"""How tests that are about something else approve a view: without a check on real data, and saying so."""

from datetime import datetime
from functools import partial
from typing import Final

from hub.authentication import Scope, add
from hub.compose import Hub
from hub.views.arrival import ArrivedIn
from hub.views.gateway import Gateway, Released
from hub.views.intent import Reader
from hub.views.look import Look, Unchecked
from hub.views.quota import Asked, period_around
from hub.views.registry import approve, submit
from hub.views.spec import Grid, ViewSpec
from hub.views.version import all_versions
from privacy.store.principal import EVERYTHING, Principal
from privacy.terms import Role

WITHOUT_CHECK: Final = Look(unchecked=Unchecked.CHECKED_ELSEWHERE)
"""What an approver brings who saw no check."""


def read_by_grid(hub: Hub, owner: Principal, spec: ViewSpec, at: datetime) -> Released:
    """Read a view as its grid says: at the newest instant, or everything as if it had just come in."""
    if spec.grid is not Grid.ARRIVAL:
        as_of = period_around(spec.grid, at)[0]
        return Gateway(hub).read(owner, spec.name, purpose=spec.purpose, as_of=as_of)
    gateway, build = Gateway(hub), ArrivedIn(at, lambda files: {file.file_id: at for file in files})
    source = partial(gateway.build_with, spec.name, spec.purpose, build)
    return gateway.release_built(Reader(principal=owner), spec.name, spec.purpose, Asked(as_of=at), source)


def approve_again(hub: Hub, text: str, author: Principal) -> None:
    """Submit a text as the next version of its view and have a new DPO approve it: after the rules changed."""
    with hub.reading() as session:
        version = 1 + max((row.version for row in all_versions(session) if f"name: {row.name}\n" in text), default=0)
    name = submit(hub, text.replace("version: 1\n", f"version: {version}\n"), author).name
    everything = frozenset({EVERYTHING})
    dpo, _ = add(hub, f"dpo of {name} {version}", Scope(role=Role.DPO, purposes=everything, views=everything), author)
    approve(hub, name, dpo, WITHOUT_CHECK)
