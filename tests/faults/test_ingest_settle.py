"""Settling, killed between any two moves, joins what an undisturbed run joins."""

from collections.abc import Callable
from datetime import timedelta
from itertools import permutations
from pathlib import Path

import pytest

from ingest.pipeline.recovery import recover
from tests.faults.ingest_company import (
    CRM,
    CRM_HEADER,
    NOON,
    SHOP,
    SHOP_HEADER,
    TOLD,
    Ticking,
    copy_home,
    deliver_text,
    make_template,
    open_home,
    owner_of,
)
from tests.faults.ingest_meaning import meaning

pytestmark = pytest.mark.faults

# c2, c3 and c4 are joined by their phone first; then s1 shares a mail with c1 and with c2 only.
FIRST = CRM_HEADER + f"c1,Ann,Berg,one@crm.example,,,nb,{TOLD},,\n"
SECOND = CRM_HEADER + "".join(
    f"c{n},Ann,Berg,{'two@crm.example' if n == 2 else ''},+47 90 00 00 02,,nb,{TOLD},,\n" for n in (2, 3, 4)
)
BRIDGE = SHOP_HEADER + f"s1,Ann Berg,one@crm.example,,,{TOLD},\n"
BRIDGE_ON = SHOP_HEADER + f"s1,Ann Berg,one@crm.example,,,{TOLD},\ns1,Ann Berg,two@crm.example,,,{TOLD},\n"


class Killed(BaseException):
    """Ends a process where it stands."""


def dying(step: str, number: int) -> Callable[[str], None]:
    left = [number]

    def reached(at: str) -> None:
        left[0] -= at == step
        if not left[0]:
            raise Killed

    return reached


@pytest.fixture
def before(memory_root: Path, in_memory: Path) -> Path:
    home = copy_home(make_template(in_memory), in_memory / "home")
    deliver_text(open_home(home), CRM, FIRST, in_memory / "first.csv")
    deliver_text(open_home(home), CRM, SECOND, in_memory / "second.csv")
    assert meaning(open_home(home))["entities"] == [["c1"], ["c2", "c3", "c4"]]
    return home


@pytest.mark.parametrize("number", [1, 2, 3])
def test_a_joined_entity_is_never_parted(
    number: int, before: Path, in_memory: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in ("settle", "moving"):
        monkeypatch.setattr(f"ingest.pipeline.{module}._CHUNK", 1)
    try:
        deliver_text(
            open_home(before, reached=dying("moves_settled", number)), SHOP, BRIDGE_ON, in_memory / "bridge.csv"
        )
    except Killed:
        hub = open_home(before, clock=Ticking(NOON + timedelta(minutes=10)))
        recover(hub.ports(owner_of(hub).principal_id))
    assert meaning(open_home(before))["entities"] == [["c1", "c2", "c3", "c4", "s1"]]


def test_it_is_the_bridge_that_joins(before: Path, in_memory: Path) -> None:
    deliver_text(open_home(before), SHOP, BRIDGE, in_memory / "bridge.csv")
    assert meaning(open_home(before))["entities"] == [["c1", "s1"], ["c2", "c3", "c4"]]


@pytest.mark.parametrize("order", list(permutations(range(3))))
def test_the_order_of_files_does_not_matter(order: tuple[int, ...], in_memory: Path) -> None:
    home = copy_home(make_template(in_memory), in_memory / "home")
    files = [(CRM, FIRST), (CRM, SECOND), (SHOP, BRIDGE_ON)]
    for number in order:
        deliver_text(open_home(home), *files[number], in_memory / f"{number}.csv")
    assert meaning(open_home(home))["entities"] == [["c1", "c2", "c3", "c4", "s1"]]
