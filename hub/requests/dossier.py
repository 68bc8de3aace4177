"""All that is held about one person, gathered in memory and written as one document (GDPR Art. 15(1) and 15(3)).

The gathering is by reflection: what a table or a column added tomorrow holds is in the next document by itself.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import date, datetime
from typing import Any, Final

from hub.accesses import Access, accesses_of
from hub.compose import Hub
from hub.me.offers import Choices, standings_in_words
from hub.me.scores import Explained, explain_scores
from hub.outbox.letters import CONTROLLER, written
from hub.recipients.store import Recipient, live_recipients
from hub.requests.chosen import Choosing, chosen_of
from hub.requests.lake_rows import LakeRows, lake_rows
from hub.requests.opening import Sealed, open_all
from hub.requests.others import without_others
from hub.requests.periods import identity_kept_in_words, kept_in_words
from hub.requests.reflection import HeldRows
from hub.requests.seat import seat_of
from hub.requests.words import word
from ingest.identity.correction import Correction, corrected, read
from ingest.store.identity import anchors_frame
from ingest.store.match_whole import counted_batches
from ingest.store.record import entities_of_records
from ingest.store.survivorship import find_rules
from ingest.survivorship.rules import Rules
from privacy.purposes import Policy, Purpose
from privacy.store.policy import find_policy
from privacy.store.score_review import Reviewed, reviews_of
from privacy.terms import EntityId, EntityKind, PrincipalId, PurposeId, RecordId

FORMAT: Final = "varde.access.v1"
_DOCUMENTS: Final = "record_revision"
_CORRECTIONS: Final = "record_correction"
_NAMES: Final = "source_record"
_TEXTS: Final = "held_text"
_LETTERS: Final = "outbox_letter"
_INVITATIONS: Final = "winback_letter"


@dataclass(frozen=True, slots=True, kw_only=True)
class Dossier:
    """What was gathered of one person, and the batches that count; its rows are in clear and never printed."""

    at: datetime
    language: str
    held: Sequence[HeldRows] = field(repr=False)
    opened: Sequence[tuple[Sealed, Any]] = field(repr=False)
    lake: Sequence[LakeRows] = field(repr=False)
    accesses: Sequence[Access] = field(repr=False)
    scores: Sequence[Explained] = field(repr=False)
    reviews: Sequence[Reviewed] = field(repr=False)
    rules: Rules
    recipients: Sequence[Recipient] = ()
    standings: Mapping[PurposeId, Choices] = field(default_factory=dict)
    counted: Collection[bytes] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class Gathering:
    """What to gather: every record of one person, their rows and the sealed cells among them, for an audited act."""

    act_id: bytes
    by: PrincipalId
    records: Sequence[RecordId]
    language: str
    held: Sequence[HeldRows] = field(repr=False)
    sealed: Sequence[Sealed] = field(repr=False)


def gathered(hub: Hub, what: Gathering) -> Dossier:
    """Open what is sealed and read the lake: only ever after the act is in the audit log."""
    at = hub.clock()
    with hub.reading() as session:
        reviews, recipients = reviews_of(session, what.records), live_recipients(session)
        policy, rules = find_policy(session) or hub.policy(), find_rules(session)
        standings = standings_in_words(session, policy, what.records, what.language, at=at)
        homes = [EntityId(entity) for entity in entities_of_records(session, what.records)]
        revisions = anchors_frame(session, EntityKind.PERSON, homes)["revision"].to_list()
        counted = counted_batches(session)
    return Dossier(
        at=at,
        language=what.language,
        held=what.held,
        opened=open_all(hub, what.sealed, act_id=what.act_id),
        lake=lake_rows(hub.lake, what.records, revisions),
        accesses=accesses_of(hub, what.records),
        scores=explain_scores(hub, what.records, what.language, by=what.by),
        reviews=reviews,
        rules=rules,
        recipients=recipients,
        standings=standings,
        counted=counted,
    )


def document_of(hub: Hub, dossier: Dossier) -> dict[str, Any]:
    """Write a dossier as plain values that JSON can hold."""
    policy, seat = hub.policy(), seat_of(hub.settings.country)
    authority = seat.authority
    document = {
        "format": FORMAT,
        "made_at": dossier.at,
        "time_zone": seat.zone,
        "language": dossier.language,
        "controller": hub.settings.controller,
        "authority": {"name": authority.name, "site": authority.site},
        "rights": f"{word('rights', 'again', dossier.language)} {word('rights', 'list', dossier.language)}",
        "identity": identity_of(dossier),
        "identity_used": _used(dossier, hub.settings.country),
        "identity_kept": list(identity_kept_in_words(policy, dossier.language)),
        "purposes": [_purpose(each, dossier) for each in policy.purposes],
        "retention": _retention(policy),
        "scores": [_score(each, dossier.reviews) for each in dossier.scores],
        "lake": _lake(policy, dossier),
        "records": {each.table: _rows(each, dossier.language) for each in dossier.held},
        "opened": _opened(dossier, hub.settings.controller or ""),
        "accesses": [asdict(access) for access in dossier.accesses],
        "not_shown": [word("withheld", each, dossier.language) for each in _reasons(dossier.held)],
    }
    plain: dict[str, Any] = plain_of(document)
    return plain


def identity_of(dossier: Dossier) -> list[dict[str, Any]]:
    """Say what each source holds of who the person is: now, corrections applied, and each arrival before."""
    arrivals: dict[bytes, list[dict[str, Any]]] = defaultdict(list)
    corrections: dict[bytes, list[Correction]] = defaultdict(list)
    for cell, document in sorted(dossier.opened, key=lambda each: int(each[0].row.get("revision", 0))):
        if cell.table == _DOCUMENTS:
            told = {name: value for name, value in document.items() if value is not None}
            arrivals[cell.row["record_id"]].append({"arrived_at": cell.row["arrived_at"], "attributes": told})
        elif cell.table == _CORRECTIONS:
            corrections[cell.row["record_id"]].append(read(document))
    names = [row for each in dossier.held if each.table == _NAMES for row in each.rows]
    return [
        {
            "source": row["source"],
            "known_since": row["created_at"],
            "attributes": corrected(_newest(arrivals[row["record_id"]]), corrections[row["record_id"]]),
            "corrected": sorted({name for each in corrections[row["record_id"]] for name in each}),
            "arrivals": arrivals[row["record_id"]],
        }
        for row in sorted(names, key=lambda row: (row["source"], row["created_at"], row["record_id"]))
    ]


def _used(dossier: Dossier, country: str) -> list[dict[str, Any]]:
    """Say which value is used where sources differ: what a delivery that is on its way in says is not used yet."""
    counted = dossier.counted
    cells = [each for each in dossier.opened if each[0].table != _DOCUMENTS or each[0].row["batch_id"] in counted]
    names = {row["record_id"]: row["source"] for each in dossier.held if each.table == _NAMES for row in each.rows}
    return chosen_of(Choosing(cells=cells, sources=names, rules=dossier.rules, country=country))


def plain_of(value: Any) -> Any:  # noqa: ANN401 - any value of a row
    """Bring a value to what JSON can hold: instants and days in ISO 8601, bytes in hexadecimal."""
    if isinstance(value, Mapping):
        return {str(key): plain_of(each) for key, each in value.items()}
    if isinstance(value, (list, tuple, set, frozenset)):
        return [plain_of(each) for each in value]
    if isinstance(value, (datetime, date)):
        return value.isoformat()
    return bytes(value).hex() if isinstance(value, (bytes, bytearray, memoryview)) else value


def _newest(arrivals: Sequence[Mapping[str, Any]]) -> Mapping[str, Any]:
    newest: Mapping[str, Any] = arrivals[-1]["attributes"] if arrivals else {}
    return newest


def _score(score: Explained, reviews: Sequence[Reviewed]) -> dict[str, Any]:
    """Say what was worked out, in words, and what a human said of it, the newest word if several."""
    said = [each for each in reviews if (each.module, each.scored_at) == (score.module, score.scored_at)]
    word = {"outcome": said[-1].outcome, "reason": said[-1].reason, "at": said[-1].reviewed_at} if said else None
    return {**asdict(score), "review": word}


def _reasons(held: Iterable[HeldRows]) -> list[str]:
    return sorted({reason for each in held for reason in each.withheld.values()})


def _purpose(purpose: Purpose, dossier: Dossier) -> dict[str, Any]:
    """Describe a purpose; who receives data for it is named, not only its kind (CJEU C-154/21)."""
    text, standing = purpose.texts[dossier.language], dossier.standings.get(purpose.id)
    return {
        "id": purpose.id,
        "name": text.name,
        "description": text.description,
        "legal_basis": purpose.legal_basis.value,
        "data_categories": sorted(purpose.data_categories),
        "tables": sorted(purpose.tables),
        "recipients": sorted(purpose.recipients),
        "named_recipients": sorted(each.name for each in dossier.recipients if purpose.id in each.purposes),
        "results_kept_days": purpose.retention_days,
        "automated_decision": purpose.automated_decision,
        "direct_marketing": purpose.direct_marketing,
        "notice_version": purpose.notice_version,
        "standing": None if standing is None else asdict(standing),
    }


def _retention(policy: Policy) -> list[dict[str, Any]]:
    return [
        {
            "table": rule.table,
            "data_category": rule.data_category,
            "period": rule.period,
            "starts": rule.starts.value,
            "purpose": rule.purpose,
            "law": rule.statutory,
            "rule": rule.name,
        }
        for rule in policy.retention
    ]


def _lake(policy: Policy, dossier: Dossier) -> dict[str, Any]:
    written: dict[str, Any] = {}
    for each in dossier.lake:
        kept = list(kept_in_words(policy, each.table, dossier.language))
        entry = written.setdefault(each.table.name, {"meaning": each.table.meaning, "kept": kept})
        part = "handled_for_others" if each.as_colleague else "rows"
        entry[part] = each.rows()
        if not each.as_colleague:
            entry["columns"] = {
                column.name: {"meaning": column.meaning, "unit": column.unit, "category": column.category.value}
                for column in each.columns
            }
    return written


def _rows(held: HeldRows, language: str) -> dict[str, Any]:
    return {
        "meaning": held.meaning,
        "not_shown": {name: word("withheld", reason, language) for name, reason in held.withheld.items()},
        "rows": [{name: row[name] for name in held.shown} for row in held.rows],
    }


def _opened(dossier: Dossier, controller: str) -> dict[str, list[Any]]:
    """Return opened documents and texts other than those that say who the person is, without whom else they name."""
    own = _own_details(dossier)
    found: dict[str, list[Any]] = defaultdict(list)
    for cell, value in dossier.opened:
        if cell.table not in {_DOCUMENTS, _CORRECTIONS}:
            told = _as_sent(cell, value, controller) if cell.table == _LETTERS else value
            told = _as_written(value) if cell.table == _INVITATIONS else told
            found[cell.table].append(without_others(told, own))
    return dict(found)


def texts_of(dossier: Dossier) -> dict[tuple[str, int], str]:
    """Return the texts that are still kept whole, by table and event, without whom else they name."""
    own = _own_details(dossier)
    return {
        (cell.row["canonical_table"], cell.row["event_id"]): str(without_others(value, own))
        for cell, value in dossier.opened
        if cell.table == _TEXTS
    }


def _own_details(dossier: Dossier) -> list[str]:
    return [str(value) for each in identity_of(dossier) for told in _all_told(each) for value in told.values()]


def _as_sent(cell: Sealed, letter: Mapping[str, Any], controller: str) -> dict[str, Any]:
    """Add to a letter's values the text that they fill in: alone they say a date or a code, and not of what."""
    subject, body = written(cell.row["kind"], cell.row["language"], {CONTROLLER: controller, **letter["values"]})
    return {**letter, "text": f"{subject}\n{body}"}


def _as_written(letter: Mapping[str, Any]) -> dict[str, Any]:
    """Tell of an invitation its text, why it was written and what it states; who of us wrote it is not told."""
    return {"text": f"{letter['subject']}\n{letter['body']}", "reason": letter["reason"], "plan": letter["plan"]}


def _all_told(source: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    return [source["attributes"], *(each["attributes"] for each in source["arrivals"])]
