"""A process that rotates or retires keys and dies by SIGKILL at a named step.

`python -m tests.faults.rotation_child kek|domain|retire STEP COUNT`, the home and its databases in the environment.
"""

import os
import signal
import sys
from datetime import timedelta

from hub.authentication import acting_principal
from hub.compose import open_hub
from hub.rotation.destruction import retire
from hub.rotation.domain import Window, rotate_domain
from hub.rotation.kek import rotate_kek
from hub.settings import Settings
from privacy.terms import DomainName
from tests.builders import FixedClock

MONTH = Window(led_back=timedelta(days=30))


def main(act: str, step: str, count: int) -> None:
    left = count

    def dying(here: str) -> None:
        nonlocal left
        left -= here == step
        if not left:
            os.kill(os.getpid(), signal.SIGKILL)

    clock = FixedClock()
    if act == "retire":
        clock.forward(days=31)
    hub = open_hub(Settings.load(os.environ), clock=clock, reached=dying)
    owner = acting_principal(hub)
    if act == "kek":
        rotate_kek(hub, owner, lambda _count: None)
    elif act == "domain":
        rotate_domain(hub, DomainName("churn"), owner, MONTH)
    else:
        retire(hub, owner)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], int(sys.argv[3]))
