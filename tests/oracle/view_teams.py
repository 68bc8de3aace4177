"""Who of us stands behind the rows of a team, counted one row after the other."""

from collections.abc import Iterable, Mapping
from typing import Any

from hub.views.spec import ViewSpec

People = dict[tuple[str, Any], set[Any]]
"""By feature and team the people behind its rows."""


def note_people(people: People, spec: ViewSpec, row: Mapping[str, Any], events: Iterable[Mapping[str, Any]]) -> None:
    """Note who of us stands behind a row, which is one event, by its team."""
    crew = {event["employee"] for event in events if event.get("employee") is not None}
    for team in spec.teams:
        people.setdefault((team.name, row[team.name]), set()).update(crew)


def group_few(people: People, spec: ViewSpec, rows: Iterable[dict[str, Any]]) -> None:
    """Turn teams of fewer than five of us into `other`."""
    for row in rows:
        for team in spec.teams:
            if row[team.name] is not None and len(people[team.name, row[team.name]]) < 5:
                row[team.name] = "other"
