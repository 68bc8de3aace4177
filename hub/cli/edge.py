"""The edge of the program: every error leaves as a sentence and an exit code, never as a traceback.

A traceback shows values, and Typer's pretty one shows every local variable: personal data on a terminal or in the log
of a scheduler. An error that we did not write is told by its class and a random incident id only.
"""

import re
import time
from collections.abc import Sequence
from typing import Any, Final

import typer
from typer.core import TyperGroup

from hub import logs
from hub.cli.commands import COMMANDS, Deferred, Line
from hub.cli.launch import Invocation
from hub.exit_code import ExitCode

_SIGNALS: Final = (typer.Exit, typer.Abort, BrokenPipeError)
_PERSONAL: Final = re.compile(r"[^\s()]*@[^\s()]*|(?:email|phone):[^\s()]*|[+0-9][0-9 ()-]{5,}[0-9]")
_OPTION: Final = re.compile(r"--[a-z]+(-[a-z]+)*")
_SHORTEST: Final = 3  # shorter words are no names, and parts of every message
_TYPED: Final = "varde.typed"
_LOG: Final = logs.log_of("cli")


class Edge(TyperGroup):
    """The root of all commands; one is imported when it is typed, and listed without that."""

    def __init__(self, **attributes: Any) -> None:  # noqa: ANN401 - what Typer gives any group
        own = dict(attributes.get("commands") or {})  # what whoever made the application has added to it
        super().__init__(**attributes | {"commands": Deferred(own)})
        self._lines = {name: Line(name=name, help=command.help) for name, command in COMMANDS.items()} | own

    def list_commands(self, ctx: Any) -> list[str]:  # noqa: ANN401, ARG002 - Typer's own context class is private
        """Return the names of all commands."""
        return list(self._lines)

    def get_command(self, ctx: Any, cmd_name: str) -> Line | None:  # noqa: ANN401, ARG002 - as above
        """Return what a listing shows of a command."""
        return self._lines.get(cmd_name)

    def resolve_command(self, ctx: Any, args: list[str]) -> tuple[str | None, Any, list[str]]:  # noqa: ANN401 - as above
        """Import the command that was typed."""
        name, line, rest = super().resolve_command(ctx, args)
        return name, line if name is None else self.commands[name], rest

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
            # What errors mean is told by tables of the whole house: only a failure pays for importing them.
            from hub.cli import failure  # noqa: PLC0415 - as above

            code = failure.told(ctx, exc, debug=invocation.debug)
            raise typer.Exit(code) from None
        finally:
            _log_end(ctx.invoked_subcommand, code, time.monotonic() - started)
        return answer


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


def _log_end(command: str | None, code: int, seconds: float) -> None:
    fields = {"command": command or "varde", "exit_code": code, "seconds": round(seconds, 3)}
    _LOG.info(logs.LogEvent.COMMAND_ENDED, extra=fields)
