"""A company whose customers write, and a hub that looks through what came in."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from itertools import count
from pathlib import Path
from types import MappingProxyType
from typing import Any, cast

import polars as pl
import pytest

from hub.alerts import desk, raising, rules
from hub.alerts.desk import Alert
from hub.alerts.raising import VIEW, Looked, look
from hub.alerts.store import AlertState, find_alerts
from hub.compose import Hub
from hub.consents import find_subject
from hub.views.load import catalogue_text
from hub.views.registry import approve, submit
from ingest.contract.load import contract_of_yaml
from ingest.pipeline.delivery import ingest_file
from predict.studies import load_study
from predict.wire import Message
from privacy.terms import RecordId
from tests.builders import FixedClock
from tests.catalogue_shop import Company, company, contract_of
from tests.view_builders import WITHOUT_CHECK

THREAT = "We cancel our contract if this goes on."
HARMLESS = "Thank you, the parcel came today."


class KilledError(Exception):
    """Where a process was ended."""


def killed_at(step: str) -> Callable[[str], None]:
    """End the process where a step is reached."""

    def reached(name: str) -> None:
        if name == step:
            raise KilledError

    return reached


@dataclass
class Watched:
    """A hub with an approved view of arrivals, and customers p0 to p29 who agreed."""

    company: Company
    folder: Path
    numbers: Iterator[int] = field(default_factory=count)

    @property
    def hub(self) -> Hub:
        return self.company.hub

    @property
    def clock(self) -> FixedClock:
        return cast("FixedClock", self.hub.clock)

    def record(self, who: str) -> RecordId:
        return find_subject(self.hub, f"shop:{who}").records[0]

    def arrives(self, *said: tuple[str, str]) -> list[str]:
        """Take in a delivery of messages (who, text); return their numbers."""
        named = [f"m{next(self.numbers)}" for _ in said]
        rows = [
            {
                "no": number,
                "who": who,
                "firm": "",
                "at": self.clock().isoformat(),
                "c_message_ref": number,
                "c_thread_ref": number,
                "c_channel": "email",
                "c_direction": "in",
                "c_language": "en",
                "c_text_redacted": text,
                "c_employee": "",
                "c_team": "",
                "c_product": "",
                "c_step": "",
            }
            for number, (who, text) in zip(named, said, strict=True)
        ]
        path = self.folder / "messages.csv"
        pl.DataFrame(rows).write_csv(path)
        ports = self.hub.ports(self.company.owner.principal_id)
        counts = ingest_file(contract_of_yaml(contract_of("messages")), path, ports).counts
        assert counts.accepted == len(rows), counts
        return named

    def tells(self, owner: str, then: str, language: str = "en") -> Path:
        """Write rules by which danger is told to an address first and to another then; return their file."""
        own = rules.shipped_text().replace("mail: []", f"mail: [{owner}]", 1)
        own = own.replace("escalate_mail: []", f"escalate_mail: [{then}]", 1)
        file = self.hub.settings.home / rules.FILE
        file.write_text(own.replace("  language: en", f"  language: {language}", 1), encoding="utf-8")
        return file

    def looks(self, **changed: Any) -> Looked:
        """Look, with a hub that differs in something."""
        return look(replace(self.hub, **changed))

    def alerts_of(self, who: str) -> list[Alert]:
        """List the alerts of one customer as the owner sees them, closed ones too."""
        record = self.record(who)
        with self.hub.reading() as session:
            mine = {o.alert_id for o in find_alerts(session, AlertState) if o.record_id == record}
        board = desk.listed(self.hub, self.company.owner, states=AlertState)
        return [one for one in board.alerts if one.alert_id in mine]


@contextmanager
def watched(folder: Path, environment: Mapping[str, str] = MappingProxyType({})) -> Iterator[Watched]:
    """Make the company, approve the view, and let this process answer as the child does."""

    def ask(_action: str, study: str, message: Message) -> Message:
        return load_study(study)(message)

    with company(folder, (), environment) as made, pytest.MonkeyPatch.context() as patch:
        patch.setattr(raising, "ask", ask)
        submit(made.hub, catalogue_text(VIEW), made.scientist)
        approve(made.hub, VIEW, made.dpo, WITHOUT_CHECK)
        here = Watched(made, folder)
        here.arrives(("p29", HARMLESS))
        here.looks()
        yield here
