"""A support desk of two teams, for views of figures: who asked for help, who helped, how long it took."""

from pathlib import Path
from typing import Any

import yaml

from hub.authentication import Scope, acting_principal, add
from hub.compose import Hub
from hub.views.registry import approve, submit
from hub.views.spec import LANGUAGES
from ingest.contract.load import contract_of_yaml
from ingest.pipeline.delivery import ingest_file
from privacy.store.principal import EVERYTHING, Principal
from privacy.terms import Role
from tests.view_builders import WITHOUT_CHECK

CONTRACT = """
contract: desk
version: 1
source: desk
owner: desk-team
table: tickets
format: {kind: csv, delimiter: ",", encoding: utf-8, timezone: UTC}
basis: {purposes: {churn: legitimate_interests}, notice: privacy-2025-01, notice_given: true}
key: [no]
person: {column: customer}
columns:
  at: {to: event_time, type: instant}
  team: {to: team}
  channel: {to: channel}
  minutes: {to: handling_minutes, type: integer}
  agent: {to: employee}
"""
WORDS = dict.fromkeys(LANGUAGES, "words")
WINDOW = {"table": "tickets", "window_days": 28}
FEATURES: dict[str, Any] = {
    "cases": {"op": "count", **WINDOW, "top_code": 20},
    "minutes": {"op": "sum", "column": "handling_minutes", **WINDOW, "top_code": 600},
    "often": {"op": "count", **WINDOW, "bands": [0, 1, 3]},
}
BY_TEAM = {"team": {"column": "team", "levels": ["north", "south"]}}
BY_CHANNEL = {"channel": {"column": "channel", "levels": ["mail", "phone"]}}
MEASURES: dict[str, Any] = {
    "customers": {"op": "count"},
    "handled": {"op": "sum", "of": "cases"},
    "minutes_per_case": {"op": "ratio", "of": "minutes", "to": "cases", "round_to": 1},
}


def view_text(name: str, summary: dict[str, Any], **changes: Any) -> str:
    """Write a view of figures over the desk."""
    summary = {"by": BY_TEAM, "measures": MEASURES, **summary}
    used = {each.get(key) for each in summary["measures"].values() for key in ("of", "to")}
    used |= {each.get("feature") for each in summary["by"].values()}
    content: dict[str, Any] = {
        "name": name,
        "version": 1,
        "grain": "person",
        "purpose": "churn",
        "consumer": "dashboard",
        "description": "Figures of the desk.",
        "as_of_grid": "day",
        "reads": {"per": "day", "at_most": 20},
        "expires_days": 30,
        "k": 5,
        "features": {name: each for name, each in FEATURES.items() if name in used},
        "summary": summary,
        "texts": dict.fromkeys([*summary["by"], *summary["measures"]], WORDS),
    }
    return yaml.safe_dump({**content, **changes}, sort_keys=False)


def ticket(no: int, customer: str, *, team: str = "north", agent: int = 0, minutes: int = 30) -> str:
    """Write one case."""
    return f"{no},{customer},2025-05-{no % 20 + 6:02d} 10:00:00,{team},mail,{minutes},a{agent}"


def deliver(hub: Hub, folder: Path, lines: list[str], name: str = "tickets") -> None:
    """Deliver cases."""
    path = folder / f"{name}.csv"
    path.write_text("\n".join(["no,customer,at,team,channel,minutes,agent", *lines]) + "\n")
    ingest_file(contract_of_yaml(CONTRACT), path, hub.ports(acting_principal(hub).principal_id))


def desk_lines() -> list[str]:
    """Twelve customers of the north with one case each, eight of the south with two; six agents in each team."""
    north = [ticket(n, f"n{n}", agent=n % 6) for n in range(12)]
    south = [ticket(100 + n, f"s{n % 8}", team="south", agent=10 + n % 6, minutes=60) for n in range(16)]
    return north + south


def dpo_of(hub: Hub) -> Principal:
    everything = frozenset({EVERYTHING})
    return add(hub, "dpo", Scope(role=Role.DPO, purposes=everything, views=everything), acting_principal(hub))[0]


def approved(hub: Hub, dpo: Principal, text: str) -> str:
    """Submit and approve a view; return its name."""
    spec = submit(hub, text, acting_principal(hub))
    approve(hub, spec.name, dpo, WITHOUT_CHECK)
    return spec.name
