"""kill -9 while an erased person comes back under another key: what that key had named is read by nobody after it."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from hub.consents import find_subject
from hub.erasing import roll_forward
from hub.errors import SubjectNotFound
from hub.views.permission import permitted_set
from ingest.pipeline.recovery import recover
from privacy.store.erasure import open_erasures, tombstones
from privacy.terms import EntityKind, PurposeId
from tests.faults.ingest_company import NOON, Ticking, deliver, make_template, open_home, owner_of
from tests.faults.ingest_killing import Ask, asking, copied, kill, prepared
from tests.faults.ingest_meaning import assert_in_order, lake_frame, names_of

pytestmark = pytest.mark.faults

LATER = timedelta(minutes=10)
"""Longer than the lease of a delivery that was killed."""


@pytest.fixture(scope="module")
def ask() -> Iterator[Ask]:
    with asking() as child:
        yield child


@pytest.fixture(scope="module")
def erased(ask: Ask, memory_root: Path) -> Path:
    """A home that has erased somebody, and holds a message under the key by which they are about to come back."""
    acts = ["crm1", "mail1", "erase crm:c1"]
    return prepared(ask, make_template(memory_root), memory_root / "erased", acts)


@pytest.mark.parametrize("step", ["returned_kept_out", "chunk_taken", "all_staged", "flipped", "settled"])
def test_killed_at_any_step_nothing_of_the_returned_person_is_read(
    ask: Ask, erased: Path, tmp_path: Path, step: str
) -> None:
    home = copied(erased, tmp_path / "killed")
    (record,) = [record for record, name in names_of(open_home(home)).items() if name == "c9"]
    kill(ask, home, ["returned"], step)
    hub = open_home(home, clock=Ticking())
    with hub.reading() as session:
        rule = hub.policy().purpose(PurposeId("churn"))
        readable = permitted_set(session, rule, EntityKind.PERSON, at=hub.clock()).records["record"].to_list()
        assert record in tombstones(session)
        assert record not in readable
    later = open_home(home, clock=Ticking(NOON + LATER))
    ports = later.ports(owner_of(later).principal_id)
    recover(ports)
    assert roll_forward(later, ports.principal) == 1
    summary = deliver(later, "returned", tmp_path)
    assert (summary.counts.read, summary.counts.suppressed) == (1, 1)
    assert record not in lake_frame(later, "messages")["person"].to_list()
    with later.reading() as session:
        assert open_erasures(session) == []
    with pytest.raises(SubjectNotFound):
        find_subject(later, "crm:c9")
    assert_in_order(later)
