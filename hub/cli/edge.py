"""The edge of the program: every error leaves as a sentence and an exit code, never as a traceback.

A traceback shows values, and Typer's pretty one shows every local variable: personal data on a terminal or in the log
of a scheduler. An error that we did not write is told by its class and a random incident id only.
"""

import re
import secrets
import time
import traceback
from collections.abc import Sequence
from typing import Any, Final

import typer
from typer.core import TyperGroup

from hub import logs
from hub.cli.invocation import Invocation, note_denial
from hub.cli.message import complain, say
from hub.problems import OURS, ExitCode, problem_of, said, slug_of

_SIGNALS: Final = (typer.Exit, typer.Abort, BrokenPipeError)
_PERSONAL: Final = re.compile(r"[^\s()]*@[^\s()]*|(?:email|phone):[^\s()]*|[+0-9][0-9 ()-]{5,}[0-9]")
_LETTERS: Final = "bcdfghjkmnpqrstvwxz"
_INCIDENT_LETTERS: Final = 8  # 34 bits: no two in a year, and easy to read out on the telephone
_OPTION: Final = re.compile(r"--[a-z]+(-[a-z]+)*")
_SHORTEST: Final = 3  # shorter words are no names, and parts of every message
_TYPED: Final = "varde.typed"
_LOG: Final = logs.log_of("cli")


class Edge(TyperGroup):
    """The root of all commands."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:  # noqa: ANN401 - Typer's own context class is private
        """Remember what was typed, so that no message repeats it."""
        ctx.meta[_TYPED] = _without_command(self, args)
        try:
            return super().parse_args(ctx, args)
        except typer.TyperException as exc:
            exc.message = withheld(exc.message, ctx.meta[_TYPED])
            raise

    def invoke(self, ctx: Any) -> Any:  # noqa: ANN401 - Typer's own context class is private
        """Run the command; turn whatever goes wrong into words and an exit code."""
        invocation = Invocation.of(ctx)
        logs.start(invocation.log_mode)
        started, code = time.monotonic(), int(ExitCode.UNEXPECTED)
        try:
            answer = super().invoke(ctx)
            code = int(ExitCode.DONE)
        except typer.TyperException as exc:
            code = int(ExitCode.USAGE)
            exc.message = withheld(exc.message, ctx.meta[_TYPED])
            raise
        except typer.Exit as exc:
            code = exc.exit_code
            raise
        except _SIGNALS:
            raise
        except Exception as exc:  # noqa: BLE001 - the last stop: nothing may pass as a traceback
            note_denial(ctx, exc)
            code = tell(said(exc), debug=invocation.debug)
            raise typer.Exit(code) from None
        finally:
            _log_end(ctx.invoked_subcommand, code, time.monotonic() - started)
        return answer


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


def withheld(text: str, typed: Sequence[str] = ()) -> str:
    """Take out of a usage message what was typed, and what looks like an address or number: it may name a person.

    Options in small letters are kept: they are meant for the command, and a misspelt one must be told.
    """
    pieces = {piece for word in typed for piece in word.split("=", 1) if len(piece) >= _SHORTEST}
    for piece in sorted(pieces, key=len, reverse=True):
        if not _OPTION.fullmatch(piece):
            text = re.sub(rf"(?<!\w){re.escape(piece)}(?!\w)", "(withheld)", text)
    return _PERSONAL.sub("(withheld)", text)


def _without_command(group: Any, args: Sequence[str]) -> tuple[str, ...]:  # noqa: ANN401 - as in Edge
    """Leave out the words that name the command itself: they name nobody, and remedies are made of them."""
    told = []
    for word in args:
        named = getattr(group, "commands", {}).get(word)
        group = group if named is None else named
        if named is None:
            told.append(word)
    return tuple(told)


def _tell_unexpected(error: Exception) -> None:
    incident = "".join(secrets.choice(_LETTERS) for _ in range(_INCIDENT_LETTERS))
    complain(
        f"something unexpected happened: {type(error).__name__} (incident {incident}). Acts are all or nothing: what "
        "was not reported as done has no effect. `varde doctor` checks the installation; VARDE_DEBUG=1 shows where in "
        "the program it happened, and VARDE_LOG=json logs it under this incident id."
    )
    _LOG.error(logs.LogEvent.UNEXPECTED_ERROR, extra={"incident": incident, "error": type(error).__name__})


def _log_end(command: str | None, code: int, seconds: float) -> None:
    fields = {"command": command or "varde", "exit_code": code, "seconds": round(seconds, 3)}
    _LOG.info(logs.LogEvent.COMMAND_ENDED, extra=fields)
