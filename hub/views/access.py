"""Views in Python, as a mapping of names: `views["churn_signals"].read(purpose="churn", as_of=...)`.

For the service account inside the hub; people read through `hub.client` with a credential of their own. Every read goes
through the one gate under the principal given at construction.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime

import polars as pl

from hub.compose import Hub
from hub.views.departure import soon, verify_unchanged
from hub.views.description import Description, describe
from hub.views.gateway import Gateway, Released
from hub.views.intent import Reader
from hub.views.joined import read_joined
from hub.views.kept import read_kept
from hub.views.online import Row, read_row
from hub.views.snapshot import materialise
from hub.views.snapshot_store import Snapshot
from hub.views.version import ViewState, all_versions
from privacy.store.principal import Principal
from privacy.uses import Use


@dataclass(frozen=True, slots=True)
class View:
    """One view by name, read as one principal."""

    name: str
    _gateway: Gateway
    _principal: Principal

    def read(self, *, purpose: str, as_of: datetime, use: Use | None = None) -> pl.DataFrame:
        """Read the view at an instant of its grid: `pseudonym` (Binary, 16 bytes) and the view's features.

        Raises:
            AccessRefused: the credential, the purpose or the view does not allow it; the refusal is audited.
            CutRefused: `as_of` is not on the view's grid.
            ReadContended: others kept changing what was being read.

        """
        return self.release(purpose=purpose, as_of=as_of, use=use).frame

    def release(self, *, purpose: str, as_of: datetime, use: Use | None = None) -> Released:
        """Read the view and keep what is known of the release: id, expiry, prohibited uses, who is absent and why."""
        reader = Reader(principal=self._principal, use=use)
        return self._gateway.read(reader, self.name, purpose=purpose, as_of=as_of)

    def row(self, pseudonym: bytes, *, purpose: str, use: Use | None = None) -> Row | None:
        """Read one customer's row of the view's newest snapshot; None for nobody that may be read now.

        Raises:
            AccessRefused: as `read`, or the view was not materialised.
            ReadContended: others kept changing what was being read.

        """
        reader = Reader(principal=self._principal, use=use)
        return read_row(self._gateway.hub, reader, self.name, pseudonym, purpose=purpose)

    def rows(self, *, purpose: str, use: Use | None = None) -> pl.DataFrame:
        """Read all rows of the view's newest snapshot that still stand, as `read` at its instant gave them; at once.

        Raises:
            AccessRefused: as `read`, or the view was not materialised.
            ReadContended: others kept changing what was being read.

        """
        reader = Reader(principal=self._principal, use=use)
        return read_kept(self._gateway.hub, reader, self.name, purpose=purpose).frame

    def scan(
        self, *, purpose: str, as_of: datetime, use: Use | None = None, batch_rows: int = 65_536
    ) -> Iterator[pl.DataFrame]:
        """Read as `read` does, in batches; before each, who is in the release is looked at again.

        Raises:
            StreamStopped: somebody in it changed meanwhile, or it took more than 300 s: use none of the batches.
            AccessRefused, CutRefused, ReadContended: as `read`, with the first batch.

        """
        reader = Reader(principal=self._principal, use=use)
        hub = self._gateway.hub
        released = soon(hub, self._gateway.release(reader, self.name, purpose=purpose, as_of=as_of))
        for number, batch in enumerate(released.frame.iter_slices(batch_rows)):
            if number:
                verify_unchanged(hub, released)
            yield batch
        self._gateway.complete(released, self._principal)

    def join(self, wanted: pl.DataFrame, *, purpose: str, use: Use | None = None) -> pl.DataFrame:
        """Return the features of given customers (`pseudonym`), each as they were at an instant of their own (`as_of`).

        Pairs that may not be read, or that the view has no row of, are left out; the others are in the order given.

        Raises:
            RowsRefused: `wanted` is no list of pseudonyms and instants, or has too many.
            CutRefused: an instant is off the grid or still to come.
            AccessRefused, ReadContended: as `read`.

        """
        reader = Reader(principal=self._principal, use=use)
        return read_joined(self._gateway, reader, self.name, wanted, purpose=purpose).frame

    def describe(self) -> Description:
        """Say what the view is: its columns with words and reasons, hash, approval, how long rows may be used."""
        return describe(self._gateway.hub, self._principal, self.name)

    def schema(self) -> pl.Schema:
        """Return the columns that `read` gives, with their types."""
        return self.describe().schema

    def materialise(self, *, as_of: datetime | None = None) -> Snapshot:
        """Make and keep the view's rows, sealed, for `row`; at the newest instant of its grid unless one is given.

        Raises:
            AccessRefused: the role or the view does not allow it.
            CutRefused: `as_of` is not on the view's grid.

        """
        return materialise(self._gateway.hub, self._principal, self.name, as_of=as_of)


class Views(Mapping[str, View]):
    """The approved views of a hub; the listing is read from the database each time."""

    def __init__(self, hub: Hub, principal: Principal) -> None:
        self._hub = hub
        self._principal = principal
        self._gateway = Gateway(hub)

    def __getitem__(self, name: str) -> View:
        """Return a view; whether it may be read is decided at each read, not here."""
        if name not in self._names():
            raise KeyError(name)
        return View(name, self._gateway, self._principal)

    def __iter__(self) -> Iterator[str]:
        """Iterate over the names of views that were approved."""
        return iter(self._names())

    def __len__(self) -> int:
        """Count them."""
        return len(self._names())

    def _names(self) -> list[str]:
        with self._hub.reading() as session:
            rows = all_versions(session)
        return sorted({row.name for row in rows if row.state == ViewState.APPROVED.value})
