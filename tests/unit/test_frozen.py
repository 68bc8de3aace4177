"""A row that leaves its store is a frozen value: nobody outside can write it back by setting a field."""

from dataclasses import FrozenInstanceError, fields, is_dataclass

import pytest

from hub.views.tables import ViewVersion
from hub.views.version import Version
from ingest.store.delivered import Figure, Refused, StoredBatch
from ingest.tables.batch import Batch, BatchMetric, QuarantineRow
from privacy.store.frozen import frozen

PAIRS = [(StoredBatch, Batch), (Figure, BatchMetric), (Refused, QuarantineRow), (Version, ViewVersion)]


@pytest.mark.parametrize(("kind", "table"), PAIRS)
def test_a_value_has_columns_of_its_row_and_cannot_be_changed(kind: type, table: type) -> None:
    assert is_dataclass(kind)
    names = [field.name for field in fields(kind)]
    assert set(names) <= set(table.model_fields)
    value = frozen(kind, table(**{name: object() for name in table.model_fields}))
    assert type(value) is kind
    with pytest.raises(FrozenInstanceError):
        setattr(value, names[0], None)
