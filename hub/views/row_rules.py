"""Rules about views whose row is less than a customer, and about the one grain that may read redacted text.

table_without_key       every table has to say which row an event belongs to
key_column              a product is a code of the source, no reference, no attribute of a person
message_of_one_table    a message is one event, and no event lies in two tables
groups_count_customers  k and rare levels count rows; where a customer has many, one could fill a group alone
standing_of_part        what stands is told by all events of a thing, and a row has some of them
bucket_too_fine, bucket_cut, op_not_of_bucket, label_of_bucket   a bucket is whole weeks or more, counted in itself
identifier              a thread is named by a pseudonym of the purpose, among messages alone
redacted_text           words of a person, redacted, in rows of one message each
"""

from typing import Final

from hub.views.errors import SpecRefused
from hub.views.feature import Aggregate, Op
from hub.views.row_key import RowKey, RowKind
from hub.views.spec import ViewSpec
from ingest.canonical.catalogue import TABLES
from ingest.canonical.table import ColumnKind
from privacy.terms import DataCategory

THREAD_REF: Final = "thread_ref"
_LEAST_DAYS: Final = 7
_LEAST_SHARED: Final = 2
_OF_BUCKET: Final = frozenset(
    {Op.COUNT, Op.SUM, Op.MEAN, Op.MIN, Op.MAX, Op.STD, Op.LAST, Op.FIRST, Op.DISTINCT, Op.SHARE}
)


def check_key(spec: ViewSpec) -> None:
    """Check that a view's rows can be told apart by its key, and that no row tells too much by being one."""
    if spec.key is None:
        return
    if spec.groups_levels:
        raise _refuse(spec, "quasi_identifiers", "groups_count_customers", "use a view of person grain for groups")
    if any(rows.latest_of for rows in spec.rows):
        raise _refuse(spec, "latest_of", "standing_of_part", "ask for events, or use a view of customers")
    for table in spec.tables:
        if all(column.name != spec.key.reads for column in TABLES[table].all_columns):
            raise _refuse(spec, f"tables.{table}", "table_without_key", f"read tables that have `{spec.key.reads}`")
    {
        RowKind.ASSET: lambda _spec, _key: None,
        RowKind.MESSAGE: _check_message,
        RowKind.CUSTOMER_PRODUCT: _check_product,
        RowKind.TIME_BUCKET: _check_bucket,
    }[spec.key.kind](spec, spec.key)


def check_text(spec: ViewSpec, feature: Aggregate) -> None:
    """Check that redacted text leaves one message at a time; whether the purpose lists it is asked on submission."""
    column = next((each for each in TABLES[feature.rows.table].columns if each.name == feature.column), None)
    where = f"features.{feature.name}"
    if column is None or column.category is not DataCategory.REDACTED_TEXT:
        raise _refuse(spec, where, "op_column_mismatch", "`text` reads a column of redacted text")
    if spec.key is None or spec.key.kind is not RowKind.MESSAGE:
        raise _refuse(
            spec, where, "redacted_text", "use a view of message grain for a purpose that lists redacted text"
        )


def check_thread(spec: ViewSpec, feature: Aggregate) -> None:
    """Check that threads are named among messages alone, where each leaves under a pseudonym of the purpose."""
    where = f"features.{feature.name}"
    if spec.key is None or spec.key.kind is not RowKind.MESSAGE or feature.rows.table != "messages":
        raise _refuse(spec, where, "identifier", "a thread is named in a view of message grain over `messages` alone")
    plain = Aggregate(name=feature.name, op=Op.THREAD, rows=feature.rows, column=THREAD_REF, meaning=feature.meaning)
    if feature != plain:
        raise _refuse(spec, where, "op_column_mismatch", f"`thread` reads `{THREAD_REF}` and takes no further keys")


def _check_message(spec: ViewSpec, _key: RowKey) -> None:
    if len(spec.tables) > 1:
        raise _refuse(spec, "features", "message_of_one_table", "read one table: no event lies in two")


def _check_product(spec: ViewSpec, key: RowKey) -> None:
    for table in spec.tables:
        column = TABLES[table].column(key.reads)
        if (
            column.kind is not ColumnKind.VALUE
            or column.unit != "code"
            or column.category is not DataCategory.BEHAVIOUR
        ):
            raise _refuse(
                spec, "key", "key_column", "use a code of the source: product_code, product_category, feature"
            )
    if spec.k < _LEAST_SHARED:
        raise _refuse(spec, "k", "bad_k", "a product that one customer has is that customer: write 2 or more")


def _check_bucket(spec: ViewSpec, key: RowKey) -> None:
    days = key.bucket_days or 0
    if days < _LEAST_DAYS:
        raise _refuse(spec, "bucket_days", "bucket_too_fine", f"write {_LEAST_DAYS} days or more")
    if spec.label is not None:
        raise _refuse(spec, "label", "label_of_bucket", "a bucket lies before as_of: train on rows of customers")
    for rows in spec.rows:
        if rows.window_days is None or rows.window_days % days or rows.offset_days % days:
            raise _refuse(spec, f"tables.{rows.table}", "bucket_cut", f"let windows and offsets be times {days} days")
    for feature in spec.aggregates:
        if feature.op not in _OF_BUCKET or feature.every_days is not None:
            raise _refuse(spec, f"features.{feature.name}", "op_not_of_bucket", f"use one of {', '.join(_OF_BUCKET)}")


def _refuse(spec: ViewSpec, where: str, rule: str, remedy: str) -> SpecRefused:
    return SpecRefused(spec.name, where, rule, remedy)
