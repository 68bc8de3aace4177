"""How long data are kept and who receives them, in a person's words: for exports and for privacy notices alike."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Final

from hub.requests.cells import heading_of, instant_in_words, shown
from hub.requests.words import called, has_word, word
from hub.retention.people import people_rule
from hub.retention.terms import laws_of, terms_of
from ingest.canonical.table import Table
from privacy.purposes import Policy
from privacy.retention import MONTHS_A_YEAR, RetentionRule, StatutoryHold

_DAYS_A_YEAR: Final = 365


def kept_in_words(policy: Policy, table: Table, language: str) -> Iterator[str]:
    """Say of a table how long it is kept under the policy in force, and by which laws longer.

    Where parts of a row go at different times, each period names the columns that it counts for.
    """
    terms = terms_of(policy, table)
    parts: dict[str, list[str]] = {}
    for category, rules in terms.rules.items():
        for rule in rules:
            parts.setdefault(_for_how_long(rule, language), []).extend(terms.columns[category])
    for period, columns in parts.items():
        named = ", ".join(dict.fromkeys(heading_of(each, language) for each in shown(columns)))
        what = called(table.name, language)
        yield f"{what} ({named}): {period}." if len(parts) > 1 and named else f"{what}: {period}."
    yield from (law_in_words(law, table.name, language) for law in laws_of(policy, table.name))


def identity_kept_in_words(policy: Policy, language: str) -> Iterator[str]:
    """Say how long name, address, e-mail, telephone and the like are kept: the policy's period, else by what it ends.

    With a period, rows that a law keeps still name their customer: then it waits for them (`hub.retention.people`).
    """
    rule = people_rule(policy)
    yield word("kept", "identity", language) if rule is None else rule_in_words(rule, language)
    if rule is not None:
        yield word("kept", "identity_law", language)


def rule_in_words(rule: RetentionRule, language: str) -> str:
    """Say how long a rule lets a table's rows be kept."""
    what = called(rule.table, language)
    if rule.until is not None:
        return word("kept", "until", language, what=what, date=rule.until.isoformat())
    start = word("starts", rule.starts.value, language)
    return word("kept", "rule", language, what=what, period=_period(rule, language), start=start)


def law_in_words(law: StatutoryHold, table: str, language: str) -> str:
    """Say that a law orders a table to be kept."""
    return word("kept", "law", language, what=called(table, language), law=law.source)


def recipient_in_words(recipient: str, language: str) -> str:
    """Say who a recipient is; one that the pack made up stands as the pack names it."""
    return word("recipients", recipient, language) if has_word("recipients", recipient) else recipient.replace("_", " ")


def _for_how_long(rule: RetentionRule, language: str) -> str:
    """Say a rule's time for the page: whole years of days as years, as the policy's own rules say them."""
    if rule.until is not None:
        return word("kept", "until_day", language, date=instant_in_words(rule.until.isoformat(), language, "UTC"))
    if rule.days and rule.days % _DAYS_A_YEAR == 0:
        rule = replace(rule, days=None, months=rule.days // _DAYS_A_YEAR * MONTHS_A_YEAR)
    start = word("starts", rule.starts.value, language)
    comma = "," if language == "de" and start.startswith("nachdem ") else ""  # a clause of its own there
    return f"{_period(rule, language)}{comma} {start}"


def _period(rule: RetentionRule, language: str) -> str:
    unit, n = ("day", rule.days) if rule.days else ("month", rule.months or 0)
    if unit == "month" and n % MONTHS_A_YEAR == 0:
        unit, n = "year", n // MONTHS_A_YEAR
    return word("periods", unit if n == 1 else f"{unit}s", language, n=n)
