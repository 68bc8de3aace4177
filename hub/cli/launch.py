"""One run of the program: the environment it was given and the home it works in, before anything heavy is imported."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import NoReturn, Self

import typer

from hub import clock as wall_clock
from hub.cli.message import complain
from hub.kek.development import WARNING
from hub.settings import KekScheme, Settings
from privacy.secret import SecretText


@dataclass(frozen=True, slots=True, kw_only=True)
class Invocation:
    """What `__main__` hands to every command; settings are read when they are asked for."""

    environment: Mapping[str, str] = field(repr=False)
    clock: Callable[[], datetime] = wall_clock.now
    home: Path | None = None

    def __post_init__(self) -> None:
        hidden = {name: SecretText(value) for name, value in self.environment.items()}
        object.__setattr__(self, "environment", hidden)

    def __reduce__(self) -> NoReturn:
        """Refuse to be pickled: a pickle is a file with the environment in clear."""
        raise TypeError("an Invocation is never pickled")

    @property
    def debug(self) -> bool:
        """Say whether places in the program may be shown on an unexpected error."""
        return self.environment.get("VARDE_DEBUG") == "1"

    @property
    def log_mode(self) -> str | None:
        """Return how to log, None for not at all."""
        return self.environment.get("VARDE_LOG")

    def settings(self) -> Settings:
        """Read the settings of this run; say loudly on every start that a key in a variable is for development."""
        settings = Settings.load(self.environment, self.home)
        if settings.kek.scheme is KekScheme.ENVIRONMENT:
            complain(WARNING)
        return settings

    @classmethod
    def of(cls, ctx: typer.Context) -> Self:
        """Return the run that a command belongs to."""
        found = ctx.find_object(cls)
        if found is None:
            raise TypeError("the application was started without an Invocation")
        return found
