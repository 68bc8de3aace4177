"""What a backup says of itself: which hub, which moment, and a digest of every file."""

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

from hub.durable_file import create
from hub.errors import RestoreUnfit

FILE: Final = "manifest.json"
FORMAT: Final = "varde-backup/1"
_PIECE: Final = 1 << 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Manifest:
    """One part of a backup: `home` (control database, lake, models, settings) or `keystore`.

    `backup` is the same in the parts that were made together. `ledger` is the place of the newest entry that the
    control database knew, `checkpoint` the audit log's newest signed note. `files` gives size and SHA-256 by name.
    """

    part: str
    backup: str
    instance: str
    made_at: str
    software: str
    kind: str
    epoch: int
    ledger: list[int] | None
    checkpoint: str | None
    files: Mapping[str, tuple[int, str]]
    format: str = FORMAT

    def write(self, folder: Path) -> None:
        """Write it, last of all: a folder without one is no backup."""
        text = json.dumps(asdict(self), sort_keys=True, indent=1)
        create(folder / FILE, text.encode())


def manifest_of(folder: Path, part: str) -> Manifest:
    """Read the manifest of a backup's part.

    Raises:
        RestoreUnfit: there is none, or it is of another kind.

    """
    try:
        found: dict[str, Any] = json.loads((folder / FILE).read_text(encoding="utf-8"))
        manifest = Manifest(**found)
    except (OSError, ValueError, TypeError):
        raise RestoreUnfit("the folder holds no whole backup", "Name the folder that `varde backup` made") from None
    if (manifest.format, manifest.part) != (FORMAT, part):
        raise RestoreUnfit(f"the folder does not hold the {part} of a backup", "Name the folder of that part")
    return manifest


def verify_files(manifest: Manifest, folder: Path) -> None:
    """Compare every file with its digest.

    Raises:
        RestoreUnfit: one is missing or was changed; says how many.

    """
    wrong = sum(not _is_as_saved(folder / name, digest) for name, (_, digest) in manifest.files.items())
    if wrong:
        raise RestoreUnfit(
            f"{wrong} of {len(manifest.files)} files of the backup are missing or changed", "Use another"
        )


def described(path: Path) -> tuple[int, str]:
    """Return a file's size and SHA-256."""
    digest = hashlib.sha256()
    size = 0
    for piece in _pieces(path):
        digest.update(piece)
        size += len(piece)
    return size, digest.hexdigest()


def _is_as_saved(path: Path, digest: str) -> bool:
    return path.is_file() and described(path)[1] == digest


def _pieces(path: Path) -> Iterator[bytes]:
    with path.open("rb") as file:
        while piece := file.read(_PIECE):
            yield piece
