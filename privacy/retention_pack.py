"""What a policy pack says of keeping: rules, statutory holds, where books are kept, what counts as a contact.

`retention` lists rules: table, data_category, one of `days`, `months`, `years` or `until`; optional are `starts`,
`purpose`, `statutory` and `source`. `statutory_holds` lists laws: name, country, tables, `years` or `months`, after,
purpose, source. `bookkeeping` says whose laws bind (`countries`) and when the financial year begins. `contact_events`
lists tables, each with a column and its values, or whole.
"""

from dataclasses import fields
from datetime import date
from typing import Final

from privacy.errors import PolicyInvalid
from privacy.pack_node import Node, word_of
from privacy.retention import (
    CONTACT_EVENTS,
    MONTHS_A_YEAR,
    NO_BOOKS,
    NOT_A_CONTACT,
    Bookkeeping,
    ContactEvent,
    HoldStart,
    RetentionRule,
    RetentionStart,
    StatutoryHold,
)
from privacy.terms import DataCategory

SECTIONS: Final = frozenset({"retention", "statutory_holds", "bookkeeping", "contact_events"})
_RULE: Final = frozenset(field.name for field in fields(RetentionRule)) | {"years"}
_HOLD: Final = frozenset(field.name for field in fields(StatutoryHold)) | {"years"}
_BOOKS: Final = frozenset(field.name for field in fields(Bookkeeping))
_CONTACT: Final = frozenset(field.name for field in fields(ContactEvent))
_MONTHS: Final = range(1, MONTHS_A_YEAR + 1)


def rules_of(pack: Node) -> tuple[RetentionRule, ...]:
    """Read the retention rules.

    Raises:
        PolicyInvalid: a field is missing, unknown or of the wrong kind, or a rule is broken.

    """
    return tuple(_rule_of(each) for each in _listed(pack, "retention"))


def holds_of(pack: Node) -> tuple[StatutoryHold, ...]:
    """Read the statutory holds; raise `PolicyInvalid` as `rules_of` does."""
    return tuple(_hold_of(each) for each in _listed(pack, "statutory_holds"))


def bookkeeping_of(pack: Node) -> Bookkeeping:
    """Read whose bookkeeping laws bind; raise `PolicyInvalid` as `rules_of` does."""
    if pack.fields.get("bookkeeping") is None:
        return NO_BOOKS
    node = Node("bookkeeping", pack.fields["bookkeeping"])
    node.only(_BOOKS)
    month = node.number("financial_year_starts", default=1)
    if month not in _MONTHS:
        raise PolicyInvalid(f"{node.where}.financial_year_starts", "must be a month", "write 1 to 12")
    return Bookkeeping(countries=node.words("countries"), financial_year_starts=month)


def contacts_of(pack: Node) -> tuple[ContactEvent, ...]:
    """Read what counts as a contact by the person; raise `PolicyInvalid` as `rules_of` does."""
    if pack.fields.get("contact_events") is None:
        return CONTACT_EVENTS
    return tuple(_contact_of(each) for each in _listed(pack, "contact_events"))


def _listed(pack: Node, section: str) -> list[Node]:
    return [Node(f"{section}[{at}]", each) for at, each in enumerate(pack.items(section))]


def _rule_of(node: Node) -> RetentionRule:
    node.only(_RULE)
    until = node.find_date("until")
    starts = node.find_text("starts") or (RetentionStart.ABSOLUTE if until else RetentionStart.EVENT_TIME)
    return _rule(node, word_of(RetentionStart, f"{node.where}.starts", starts), until)


def _rule(node: Node, starts: RetentionStart, until: date | None) -> RetentionRule:
    try:
        return RetentionRule(
            table=node.text("table"),
            data_category=word_of(DataCategory, f"{node.where}.data_category", node.text("data_category")),
            days=node.number("days") if "days" in node.fields else None,
            months=_months(node),
            until=until,
            starts=starts,
            statutory=node.find_text("statutory"),
            purpose=node.find_text("purpose"),
            source=node.find_text("source"),
        )
    except ValueError as exc:
        raise PolicyInvalid(node.where, str(exc), "say days, months, years or until, once") from None


def _hold_of(node: Node) -> StatutoryHold:
    node.only(_HOLD)
    months = _months(node)
    if months is None:
        raise PolicyInvalid(f"{node.where}.years", "missing", "add years or months")
    return StatutoryHold(
        name=node.text("name"),
        country=node.text("country"),
        tables=node.words("tables"),
        months=months,
        after=word_of(HoldStart, f"{node.where}.after", node.text("after")),
        purpose=node.text("purpose"),
        source=node.text("source"),
    )


def _contact_of(node: Node) -> ContactEvent:
    node.only(_CONTACT)
    contact = ContactEvent(node.text("table"), node.find_text("column"), node.words("values"))
    if (contact.column is None) is not (not contact.values):
        raise PolicyInvalid(node.where, "a column goes with its values", "add both, or neither for every row")
    if contact.table == "campaign_contacts" and (contact.column is None or contact.values & NOT_A_CONTACT):
        rule = "what only happened to a message is no contact: the person did nothing"
        raise PolicyInvalid(f"{node.where}.values", rule, f"leave out {', '.join(sorted(NOT_A_CONTACT))}")
    return contact


def _months(node: Node) -> int | None:
    if "years" in node.fields and "months" in node.fields:
        raise PolicyInvalid(f"{node.where}.years", "years and months do not go together", "count in one of them")
    if "years" in node.fields:
        return node.number("years") * MONTHS_A_YEAR
    return node.number("months") if "months" in node.fields else None
