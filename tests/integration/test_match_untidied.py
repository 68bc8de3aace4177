"""A delivery that counts is told as taken in, also where the index of matching could not be made compact after it."""

from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy.exc import OperationalError

from hub.cli import ingest as command
from hub.cli.invocation import Acting
from hub.compose import Hub
from ingest.pipeline import delivery
from ingest.pipeline.delivery import ingest_file
from ingest.pipeline.ports import Ports
from tests.faults.ingest_company import contract, owner_of
from tests.integration.test_matching import CONTRACT, matching
from tests.match_people import people


def busy(_ports: Ports) -> int:
    raise OperationalError("INSERT", None, OSError("disk full"))


def test_what_fails_after_everything_is_in_is_told_beside_the_delivery_and_tried_again(
    hub_factory: Callable[..., Hub], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    hub = matching(hub_factory())
    ports, terms, tidied = hub.ports(owner_of(hub).principal_id), contract(CONTRACT.format(source="crm")), []
    rows = people(10).filter(source="crm").drop("entity", "source", "country")
    files = [tmp_path / "one.csv", tmp_path / "two.csv"]
    for file, part in zip(files, (rows.head(3), rows.slice(3)), strict=True):
        file.write_text(part.write_csv())
    with monkeypatch.context() as broken:
        broken.setattr(delivery, "compact", busy)
        summary = ingest_file(terms, files[0], ports)
    assert (summary.counts.accepted, summary.untidied) == (3, "OperationalError")
    assert ingest_file(terms, files[0], ports).repeated, "it counts: nobody has to bring it again"
    monkeypatch.setattr(delivery, "compact", lambda _ports: tidied.append(1) or 0)
    assert ingest_file(terms, files[1], ports).untidied is None
    assert tidied == [1]
    command._report(Acting.__new__(Acting), terms, summary)
    told = capsys.readouterr().err
    assert "is in and counted" in told
    assert "disk full" not in told
