"""What an erasure will do, or did, as a table: where, how many rows, and which fields or on which ground they stay."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from hub.cli.table import Table
from hub.erasing import Plan
from hub.erasure.rules import STAYS, fields_reached
from hub.lake.erasure import RowCount

_COLUMNS: Final = ("what", "where", "rows", "fields_or_ground")


def plan_table(planned: Plan) -> Table:
    """Show a plan: what goes, what stays without the person, what is kept."""
    rows: list[tuple[object, ...]] = [("erased", name, count, "") for name, count in sorted(planned.rows.items())]
    lake = planned.lake
    rows += [("erased", "lake", None, "a file cannot be read now")] if lake is None else _lake(lake)
    rows += _kept(planned.kept, planned.kept_rows)
    return Table(_COLUMNS, rows, "Erasure of one person")


def certificate_table(told: Mapping[str, Any]) -> Table:
    """Show what a certificate tells, with its day and when it is final as the title."""
    rows: list[tuple[object, ...]] = [("erased", name, n, "") for name, n in told["control_database"].items()]
    rows += [("destroyed", f"keys of {kind}", n, "") for kind, n in told["keys_destroyed"].items()]
    lake = {name: RowCount(**count) for name, count in told.get("lake_tables", {}).items()}
    rows += _lake(lake)
    rows += _kept({name: why for name, why in told["kept"].items() if name not in lake}, told.get("kept_rows", {}))
    rows += [("had received data", name, None, "") for name in told["recipients"]]
    rows += [("told", each["recipient"], None, each["state"]) for each in told["recipients_told"]]
    since = told["final"]["since"] or "not yet: backups of the key store open until their generations are destroyed"
    return Table(_COLUMNS, rows, f"Erasure {told['erasure']} of {told['completed_at']}. Final: {since}")


def _lake(lake: Mapping[str, RowCount]) -> Sequence[tuple[object, ...]]:
    fields = fields_reached(lake)
    gone = [("erased", f"lake {name}", n.deleted, ", ".join(fields[name])) for name, n in lake.items() if n.deleted]
    stays = [("kept without the person", f"lake {name}", n.blanked, STAYS) for name, n in lake.items() if n.blanked]
    return [*sorted(gone), *sorted(stays)]


def _kept(grounds: Mapping[str, str], counts: Mapping[str, int]) -> Sequence[tuple[object, ...]]:
    return [("kept", name, counts.get(name), why) for name, why in sorted(grounds.items())]
