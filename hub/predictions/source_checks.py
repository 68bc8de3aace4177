"""What `varde source check` found last in the files of a contract, or between those of two: readiness judges along.

One file a contract or pair in the home's `checks` folder. A later check takes its place, and one that finds nothing
takes it away. It holds names of contracts, tables, rules and columns, and counts: no row, and no value of one.
"""

import hashlib
import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hub import durable_file
from predict.quality import Finding, findings_of

_OWNER_ONLY = 0o700


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceCheck:
    """What was found in files of `contracts` (one name, or two whose files were compared), which fill `tables`."""

    contracts: tuple[str, ...]
    tables: tuple[str, ...]
    findings: tuple[Finding, ...]


def keep_checks(folder: Path, checks: Sequence[SourceCheck]) -> None:
    """Keep what was found, and forget what an earlier check of the same contracts had found."""
    folder.mkdir(mode=_OWNER_ONLY, parents=True, exist_ok=True)
    for one in checks:
        path = folder / f"{_name(one.contracts)}.json"
        if not one.findings:
            path.unlink(missing_ok=True)
            continue
        told = {
            "contracts": list(one.contracts),
            "tables": list(one.tables),
            "faults": [finding.as_mapping() for finding in one.findings],
        }
        durable_file.replace(path, json.dumps(told, sort_keys=True).encode())


def find_faults(folder: Path, tables: Collection[str]) -> list[Mapping[str, Any]]:
    """List the faults of files that fill these tables and no others, as `predict.quality` tells them."""
    found: list[Mapping[str, Any]] = []
    for path in sorted(folder.glob("*.json")):
        told = json.loads(path.read_text(encoding="utf-8"))
        if set(told["tables"]) <= set(tables):
            found += [one.as_mapping() for one in findings_of(told["faults"])]
    return found


def _name(contracts: Sequence[str]) -> str:
    """Name a file by its contracts, in whatever order they were given: their names may hold what a file's may not."""
    return hashlib.sha256("\n".join(sorted(contracts)).encode()).hexdigest()[:32]
