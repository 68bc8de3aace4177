"""`varde` and `python -m hub`: the one place where the process's environment is read."""

import os

from hub import logs
from hub.cli.app import make_app
from hub.cli.launch import Invocation


def main() -> None:
    """Run the command line; ends the process with its exit code."""
    logs.withhold_last_words()
    os.umask(0o077)  # whatever a command writes is its owner's alone
    make_app()(obj=Invocation(environment=dict(os.environ)))  # noqa: TID251 - read once, given to hub.settings


if __name__ == "__main__":
    main()
