"""Every command of `varde`: where it is, and its line in the list; a command's module is imported when it is typed.

The house stands on Polars, SQLAlchemy and more: to import all of it for a list of names, or for one command what
another needs, takes seconds. So the root knows a table, and nothing else of the commands; a test compares its lines
with what the commands say of themselves.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from importlib import import_module
from typing import Any, Final

import typer
from typer.core import TyperCommand


@dataclass(frozen=True, slots=True)
class Command:
    """Where a command is: a module of this folder, and in it a function or a group of commands; and what it is for."""

    module: str
    attribute: str
    help: str


COMMANDS: Final[Mapping[str, Command]] = {
    "demo": Command(
        "demo",
        "demo",
        "Invent a company, take in its systems' exports, and end with an audited churn score. About 2 minutes.",
    ),
    "init": Command(
        "home",
        "init",
        "Make a home: key file, databases, keys, default policy and your own credential. Doing it again is safe.",
    ),
    "migrate": Command(
        "home",
        "migrate",
        "Bring both databases to the schema of this version; does nothing where they have it.",
    ),
    "doctor": Command(
        "home",
        "doctor",
        "Examine keys, schemas, disk, fsync, clock and permissions, and say how to mend what is wrong.",
    ),
    "ingest": Command(
        "ingest",
        "ingest",
        "Take files in: each counts once, whole or not at all; refused rows go to quarantine, sealed.",
    ),
    "backup": Command(
        "backup",
        "backup",
        "Save control database, lake, models and settings to DIR; the keys to a folder apart. Never the KEK.",
    ),
    "restore": Command(
        "backup",
        "restore",
        "Bring a backup back, then replay every erasure and objection since. The account that owns the home does it.",
    ),
    "serve": Command(
        "serve",
        "serve",
        "Serve until told to stop (Ctrl-C). What a crash interrupted is finished first.",
    ),
    "version": Command("home", "show_version", "Print the versions of Varde and of what it stands on."),
    "erase": Command("erase", "app", "Erase people (Article 17): `varde erase IDENTIFIER`."),
    "source": Command("source", "app", "Look at a source's files and contracts."),
    "quarantine": Command("quarantine", "app", "Rows that were refused."),
    "text": Command("text", "app", "Free text: what is taken out of it."),
    "consent": Command("consent", "app", "Consent, objection and restriction of a person."),
    "contact": Command("contact", "app", "By which way, when and how often a person wants to be reached."),
    "suppression": Command("suppression", "app", "Who must not come back, and whose no waits for them."),
    "principal": Command("principal", "app", "Who may act here."),
    "policy": Command("policy", "app", "Purposes, their legal bases and their rules."),
    "domain": Command("domain", "app", "Pseudonymisation domains: who uses which pseudonyms, until when."),
    "keys": Command("keys", "app", "Keys: how old they are, rotating them, destroying old ones."),
    "view": Command("view", "app", "Feature views: what leaves, for which purpose, approved by whom."),
    "predict": Command("predict", "app", "Prediction modules: is there enough, train, score, report, review."),
    "voice": Command("voice", "app", "The voice of the customer: answers, service, steps, and where it goes wrong."),
    "winback": Command("winback", "app", "Winning back: why they left, campaigns with a hold-out, letters."),
    "service": Command("service", "app", "Service ahead: support load, seats that fill up, visits to machines."),
    "survivorship": Command("survivorship", "app", "Which value stands where sources of one customer differ."),
    "reveal": Command("reveal", "app", "Lead a pseudonym back to a person."),
    "audit": Command("audit", "app", "The audit log."),
    "lake": Command("lake", "app", "The sealed lake."),
    "match": Command("match", "app", "Find out how well records of people and organisations are matched."),
    "batch": Command("batch", "app", "Deliveries and their quality."),
    "outbox": Command("outbox", "app", "Letters to customers."),
    "recipient": Command("recipient", "app", "Who receives data, and what they are told (Art. 19)."),
    "receipt": Command("receipt", "app", "Check receipts of consent acts."),
    "retention": Command("retention", "app", "How long everything is kept, and its end."),
    "hold": Command("hold", "app", "Legal holds."),
    "witness": Command("witness", "app", "A witness for the logs of others."),
    "notice": Command("notice", "app", "Privacy notices of the purposes (Articles 13 and 14)."),
    "subject": Command("subject_token", "app", "What a person holds here."),
    "request": Command("request_decision", "app", "What people ask for about their own data (Art. 12, 15-22)."),
}
"""By name, in the order in which they are listed."""


class Line(TyperCommand):
    """A command as the list shows it: name and help, nothing that could be run."""


class Deferred(Mapping[str, Any]):
    """The commands by name, each imported when it is asked for; `own` are there already."""

    def __init__(self, own: Mapping[str, Any]) -> None:
        self._made = dict(own)
        self._names = dict.fromkeys((*COMMANDS, *own))

    def __getitem__(self, name: str) -> Any:  # noqa: ANN401 - Typer's own command class is private
        """Return a command, ready to run."""
        if name not in self._made:
            self._made[name] = _made(name, COMMANDS[name])
        return self._made[name]

    def __contains__(self, name: object) -> bool:
        """Say whether there is such a command, without importing it."""
        return name in self._names

    def __iter__(self) -> Iterator[str]:
        """Name the commands."""
        return iter(self._names)

    def __len__(self) -> int:
        """Count the commands."""
        return len(self._names)


def _made(name: str, command: Command) -> Any:  # noqa: ANN401 - as above
    found = getattr(import_module(f"hub.cli.{command.module}"), command.attribute)
    if isinstance(found, typer.Typer):
        group = typer.main.get_group(found)
        group.name = name
        return group
    alone = typer.Typer(add_completion=False)
    alone.command(name)(found)
    return typer.main.get_command(alone)
