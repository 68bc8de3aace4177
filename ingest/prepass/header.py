"""Hold the columns of a file against the columns of its contract, exactly.

A header that the contract does not declare is named by its position: where a file has lost its header line, the first
row stands in its place, and that is personal data.
"""

import csv
import io
import unicodedata
from collections import Counter
from difflib import get_close_matches
from typing import Final

from ingest.contract.model import Contract
from ingest.errors import FileRefused

CANDIDATES: Final = (",", ";", "\t", "|")


def header_names(names: list[str]) -> list[str]:
    """Bring header cells to the form a contract is written in: trimmed and NFC."""
    return [unicodedata.normalize("NFC", name.strip()) for name in names]


def split_header(line: str, delimiter: str) -> list[str]:
    """Split one header line into names."""
    try:
        return header_names(next(csv.reader(io.StringIO(line, newline=""), delimiter=delimiter), []))
    except csv.Error:
        return []


def delimiter_of(line: str, contract: Contract) -> str:
    """Return the declared separator, or the one under which most declared columns appear.

    Raises:
        FileRefused: another separator than the declared one fits.

    """
    declared = set(contract.declared_columns)
    found = {mark: len(declared.intersection(split_header(line, mark))) for mark in CANDIDATES}
    best = max(found, key=lambda mark: found[mark])
    stated = contract.format.delimiter
    if stated is None:
        return best
    if len(declared.intersection(split_header(line, stated))) * 2 < found[best]:
        rule = f"fields are separated by {best!r}, the contract declares {stated!r}"
        raise FileRefused(contract.name, rule, f"write `delimiter: {best!r}`", line=1)
    return stated


def verify_columns(names: list[str], contract: Contract) -> None:
    """Insist that a file has each declared column once and no other.

    Raises:
        FileRefused: naming the column and, for a renamed one, where it probably stands.

    """
    declared = contract.declared_columns
    for name, count in Counter(names).items():
        if count > 1:
            column = name if name in declared else f"no. {names.index(name) + 1}"
            raise FileRefused(
                contract.name, f"stands {count} times in the header", "name each column once", line=1, column=column
            )
    missing = [name for name in declared if name not in names]
    extra = [number for number, name in enumerate(names, start=1) if name not in declared]
    if missing:
        raise _missing(contract, missing, {number: names[number - 1] for number in extra})
    if extra:
        rule = "is in the file and not in the contract"
        raise FileRefused(contract.name, rule, "map it or list it under `ignore`", line=1, column=f"no. {extra[0]}")


def _missing(contract: Contract, missing: list[str], extra: dict[int, str]) -> FileRefused:
    """Say which declared column is missing, and which unknown one it may have been renamed to."""
    for number, found in extra.items():
        name = close_name(found, missing)
        if name is not None:
            remedy = f"column no. {number} is close to {name!r}: rename it in the contract or at the source"
            return FileRefused(contract.name, "is missing, probably renamed", remedy, line=1, column=name)
    others = f" (and {len(missing) - 1} more)" if len(missing) > 1 else ""
    remedy = "deliver the column, or check that the file has a header line"
    return FileRefused(contract.name, f"is missing{others}", remedy, line=1, column=missing[0])


def close_name(found: str, missing: list[str]) -> str | None:
    """Find the declared column that an unknown name probably stands for."""
    plain = {_plain(name): name for name in missing}
    close = get_close_matches(_plain(found), list(plain), n=1, cutoff=0.6)
    return plain[close[0]] if close else None


def _plain(name: str) -> str:
    """Reduce a name to its letters and digits."""
    return "".join(sign for sign in name.casefold() if sign.isalnum())
