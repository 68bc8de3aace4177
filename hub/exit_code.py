"""How a command ended, as scripts see it; which error ends how stands in `hub.problems`."""

from enum import IntEnum


class ExitCode(IntEnum):
    """How a command ended."""

    DONE = 0
    UNEXPECTED = 1
    USAGE = 2  # the command line, a setting, a contract, a policy or a file is not as it must be
    REJECTS = 3  # finished, but some rows were refused
    REFUSED = 4  # policy, role or consent says no
    UNREACHABLE = 5  # a service or storage does not answer, or others are in the way: try again later
