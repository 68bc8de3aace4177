"""How a failure is told to a person: what ours say, the class and an incident id of a stranger's.

A traceback shows values, and Typer's pretty one shows every local variable: personal data on a terminal or in the log
of a scheduler.
"""

import secrets
import traceback
from typing import Any, Final

from hub import logs
from hub.cli.invocation import note_denial
from hub.cli.message import complain, say
from hub.ours import OURS
from hub.problems import problem_of, said, slug_of

_LETTERS: Final = "bcdfghjkmnpqrstvwxz"
_INCIDENT_LETTERS: Final = 8  # 34 bits: no two in a year, and easy to read out on the telephone
_LOG: Final = logs.log_of("cli")


def told(ctx: Any, error: Exception, *, debug: bool) -> int:  # noqa: ANN401 - Typer's own context class is private
    """Count an attempt that was refused, tell the error, and return the exit code."""
    note_denial(ctx, error)
    return tell(said(error), debug=debug)


def tell(error: Exception, *, debug: bool) -> int:
    """Tell an error to a person; return the exit code."""
    if isinstance(error, OURS):
        complain(str(error))
        _LOG.warning(logs.LogEvent.COMMAND_FAILED, extra={"problem": slug_of(error)})
    else:
        _tell_unexpected(error)
    if debug:
        say(frames_of(error))
    return int(problem_of(error).exit_code)


def frames_of(error: BaseException) -> str:
    """Return where an error came from: files, lines, functions and classes, no value and no foreign message."""
    lines: list[str] = []
    chain: BaseException | None = error
    while chain is not None:
        lines += [f"{type(chain).__module__}.{type(chain).__name__}"]
        frames = traceback.extract_tb(chain.__traceback__)
        lines += [f"  {frame.filename}:{frame.lineno} in {frame.name}" for frame in frames]
        chain = chain.__cause__ or (None if chain.__suppress_context__ else chain.__context__)
    return "\n".join(lines)


def _tell_unexpected(error: Exception) -> None:
    incident = "".join(secrets.choice(_LETTERS) for _ in range(_INCIDENT_LETTERS))
    complain(
        f"something unexpected happened: {type(error).__name__} (incident {incident}). Acts are all or nothing: what "
        "was not reported as done has no effect. `varde doctor` checks the installation; VARDE_DEBUG=1 shows where in "
        "the program it happened, and VARDE_LOG=json logs it under this incident id."
    )
    _LOG.error(logs.LogEvent.UNEXPECTED_ERROR, extra={"incident": incident, "error": type(error).__name__})
