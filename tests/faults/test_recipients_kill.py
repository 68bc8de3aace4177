"""kill -9 of whoever tells recipients, at each step: no notice is lost, and one that is posted twice has one id."""

import signal
import subprocess
import sys
from pathlib import Path

import pytest

from hub.erasing import erase_many
from hub.recipients.sending import Round, tell_due
from hub.recipients.store import LEASE
from tests.builders import FixedClock
from tests.conftest import HubFactory
from tests.recipient_builders import shop_in
from tests.webhook_fake import receiver

pytestmark = pytest.mark.faults
PEOPLE = 3
PROGRAM = """
import os, signal, sys
from pathlib import Path
from hub.compose import open_hub
from hub.recipients.sending import tell_due
from hub.settings import Settings
from tests.builders import FixedClock

home, step, times = sys.argv[1:]
left = [int(times)]

def reached(now):
    if now == step:
        left[0] -= 1
        if left[0] == 0:
            os.kill(os.getpid(), signal.SIGKILL)

settings = Settings.load({"VARDE_RECIPIENT_NETWORKS": "127.0.0.0/8"}, Path(home))
tell_due(open_hub(settings, clock=FixedClock(), reached=reached))
"""


@pytest.mark.parametrize(
    "case",
    [("notices_claimed", 1, 0, 3), ("notice_posted", 1, 1, 3), ("notice_posted", 3, 3, 1)],
)
def test_every_notice_arrives_though_the_sender_was_killed(
    hub_factory: HubFactory, clock: FixedClock, tmp_path: Path, case: tuple[str, int, int, int]
) -> None:
    step, times, posted_before, posted_after = case
    shop = shop_in(hub_factory("sqlite"), tmp_path, PEOPLE)
    with receiver() as box:
        shop.recipient(box)
        shop.read()
        erase_many(shop.hub, [shop.who(number) for number in range(1, PEOPLE + 1)], shop.dpo)
        command = [sys.executable, "-c", PROGRAM, str(shop.hub.settings.home), step, str(times)]
        assert subprocess.run(command, check=False, timeout=60).returncode == -signal.SIGKILL
        assert len(box.arrived) == posted_before
        assert tell_due(shop.hub) == Round(), "its sender may live"
        clock.forward(seconds=LEASE.total_seconds())
        assert tell_due(shop.hub) == Round(told=posted_after)
    assert len(box.names) == posted_before + posted_after
    assert len(set(box.names)) == PEOPLE
