"""`varde subject accesses`: what a person is told who asks when and what for their data was read (Article 15(1))."""

from enum import StrEnum
from typing import Annotated, Final

import typer

from hub.accesses import Access, show_accesses, verify_may_show
from hub.cli.duty import Duty
from hub.cli.invocation import acting
from hub.cli.message import say
from hub.cli.moment import instant_from
from hub.cli.subject import Identifier, one_subject_from
from hub.cli.table import Format, FormatOption, Table, show
from privacy.errors import PurposeUnknown
from privacy.purposes import LANGUAGES, Policy

_COLUMNS: Final = ("at", "purpose", "for", "by", "module", "as", "act")
Language = StrEnum("Language", [(word.upper(), word) for word in LANGUAGES])  # type: ignore[misc]  # made of what there is
_ENGLISH: Final = Language("en")


def accesses(
    ctx: typer.Context,
    identifier: Identifier,
    *,
    since: Annotated[str | None, typer.Option("--since", help="Only from this date or instant on.")] = None,
    language: Annotated[Language, typer.Option("--language", help="Of the purposes' names.")] = _ENGLISH,
    form: FormatOption = Format.TABLE,
) -> None:
    """List when a person's data was read, for which purpose, by which role or module; not by whom. Audited."""
    act = acting(ctx, Duty.ANYTHING)
    verify_may_show(act.principal)  # before the look-up: who may not see must not learn whom this hub knows
    subject = one_subject_from(act.hub, identifier)
    start = None if since is None else instant_from(since)
    found = show_accesses(act.hub, subject.records, act.principal, since=start)
    policy = act.hub.policy()
    show(Table(_COLUMNS, [_row(each, policy, language) for each in found], "Reads of this person's data"), form)
    say("A row as `organisation` may have counted in an organisation's figures; as `person` it was a row of its own.")


def _row(access: Access, policy: Policy, language: Language) -> tuple[object, ...]:
    named = _named(access.purpose, policy, language)
    return (access.at, access.purpose, named, access.by, access.module, access.grain, access.act)


def _named(purpose: str | None, policy: Policy, language: Language) -> str | None:
    """Put a purpose as it is put to the person; one that the policy dropped since keeps its id."""
    if purpose is None:
        return None
    try:
        return policy.purpose(purpose).texts[language].name
    except PurposeUnknown:
        return purpose
