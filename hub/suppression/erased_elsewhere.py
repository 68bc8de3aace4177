"""Whom another system has erased, from a CSV: they are kept out as those whom this hub erased.

One column, `identifier`. A `SOURCE:KEY` keeps its rows out; an address alone has its rows wait as `suppressed_unclear`,
and a role's address keeps marketing away. Nobody who is here already is erased by it.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Final

import polars as pl

from hub.compose import Hub
from hub.errors import AccessRefused
from hub.keystore.suppression import suppression_index
from hub.suppression.identifier import Identifier
from hub.suppression.importing import Imported
from hub.suppression.lines import NOT_ONE, NOT_VALID, Rejected, identifiers_of, rejected_of, with_forms
from ingest.contract.load import contract_of
from ingest.contract.model import Contract
from ingest.readers.source import open_source
from privacy.audit import AuditFields
from privacy.store.principal import Principal
from privacy.store.suppression import NewEntry, add_entries, entries_among
from privacy.suppression import ROLE_ADDRESS, Attribute, EntryKind
from privacy.terms import ActChannel, ConsentAct, Role, random_ids

_MAY_IMPORT: Final = frozenset({Role.OWNER, Role.DPO})
_AT_ONCE: Final = 400
_REASON: Final = "erased_elsewhere"


def import_erased(hub: Hub, path: Path, by: Principal) -> Imported:
    """Take in a CSV of identifiers; what is listed already adds nothing.

    Raises:
        AccessRefused: only the DPO and the owner may.
        FileRefused: the file is not as it must be.

    """
    if by.role not in _MAY_IMPORT:
        raise AccessRefused("role_may_not_suppress", "Ask the DPO or the owner")
    source, done = open_source(_contract(), path, arrived=hub.clock()), Imported()
    for chunk in source.raw_chunks(_AT_ONCE):
        done.read += chunk.frame.height + chunk.rejected.height
        done.rejected += [Rejected(*row) for row in chunk.rejected.select("line", "column", "rule").iter_rows()]
        checked = _checked(chunk.frame)
        done.rejected += rejected_of(checked)
        sound = list(identifiers_of(checked.filter(pl.col("fault").is_null()), hub))
        for start in range(0, len(sound), _AT_ONCE):
            some = sound[start : start + _AT_ONCE]
            done.entries += _write(hub, some, by, source.sha256)
            done.taken += len(some)
    return done


def _contract() -> Contract:
    return contract_of(
        {
            "contract": "erased_elsewhere",
            "version": 1,
            "source": "erased_elsewhere",
            "owner": "dpo",
            "table": "people",
            "format": {"kind": "csv", "delimiter": ","},
            "key": ["identifier"],
        }
    )


def _checked(rows: pl.DataFrame) -> pl.DataFrame:
    fault = pl.when(pl.col("value").is_null()).then(pl.lit(NOT_ONE)).when(pl.col("form").is_null())
    return with_forms(rows.select("_line", "identifier")).with_columns(fault=fault.then(pl.lit(NOT_VALID)))


def _write(hub: Hub, some: Sequence[Identifier], by: Principal, sha256: str) -> int:
    index, at = suppression_index(hub.keystore), hub.clock()
    role = pl.Series([each.value for each in some], dtype=pl.String).str.contains(ROLE_ADDRESS)
    tokens = [index.versions_of(each.attribute, [each.value]) for each in some]
    with hub.unit_of_work() as session:
        known = entries_among(session, [token for each in tokens for (token,) in each])
        there = set(known.filter(pl.col("kind").is_in(["erased", "contact"]))["token"])
        new: dict[bytes, NewEntry] = {}
        for each, versions, is_role, set_id in zip(some, tokens, role, random_ids(len(some)), strict=True):
            contact = is_role and each.attribute is Attribute.EMAIL
            if not there & {token for (token,) in versions}:
                new[versions[-1][0]] = NewEntry(
                    set_id=set_id,
                    kind=EntryKind.CONTACT if contact else EntryKind.ERASED,
                    attribute=each.attribute,
                    token=versions[-1][0],
                    at=at,
                    reason=_REASON,
                    act=ConsentAct.OBJECTED if contact else None,
                    channel=ActChannel.AGENT if contact else None,
                )
        add_entries(session, list(new.values()), by=by.principal_id, at=at, key_version=index.version)
        fields = AuditFields(rows=len(new), sha256=sha256, reason=_REASON)
        hub.audit(session, "suppression.import", by.principal_id, fields)
    return len(new)
