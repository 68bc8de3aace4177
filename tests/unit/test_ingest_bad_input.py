"""Bad deliveries: a clear refusal with line, column, rule and remedy - and never a value."""

import gzip
import io
import zipfile
from collections.abc import Callable
from pathlib import Path

import polars as pl
import pytest

from ingest.contract.load import contract_of_yaml
from ingest.contract.model import Contract
from ingest.errors import FileRefused
from ingest.readers.source import open_source

CONTRACT = """
contract: erp_orders
version: 1
source: erp
owner: erp-team
table: orders
format: {kind: csv, delimiter: ";", encoding: utf-8, decimal: ",", dates: "%d.%m.%Y", timezone: Europe/Oslo}
currency: {column: curr, allowed: [NOK, SEK]}
key: [order_no]
person: {column: customer}
columns:
  ordered: {to: event_time}
  total: {to: amount_minor}
  state: {to: status}
ignore: [note]
"""
HEADER = "order_no;customer;ordered;total;curr;state;note\n"
GOOD = "1;C7;31.01.2024;19,99;NOK;placed;\n"
NAME = "Kari4711"


@pytest.fixture
def contract() -> Contract:
    return contract_of_yaml(CONTRACT)


Deliver = Callable[..., tuple[pl.DataFrame, pl.DataFrame, int]]


@pytest.fixture
def deliver(tmp_path: Path, contract: Contract) -> Deliver:
    def delivered(content: str | bytes, *, rows: int = 1000, under: Contract | None = None):
        path = tmp_path / f"{NAME}.dat"
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        chunks = list(open_source(under or contract, path).chunks(rows))
        frame = pl.concat([chunk.frame for chunk in chunks])
        rejected = pl.concat([chunk.rejected for chunk in chunks])
        assert all(chunk.frame.height + chunk.rejected.height == chunk.read for chunk in chunks)
        return frame, rejected, sum(chunk.read for chunk in chunks)

    return delivered


def refused(deliver: Deliver, content: str | bytes, under: Contract | None = None) -> FileRefused:
    with pytest.raises(FileRefused) as caught:
        deliver(content, under=under)
    assert caught.value.source
    assert caught.value.rule
    assert caught.value.remedy
    assert NAME not in str(caught.value)
    assert caught.value.__cause__ is None
    return caught.value


def other(old: str, new: str) -> Contract:
    assert old in CONTRACT
    return contract_of_yaml(CONTRACT.replace(old, new))


def test_a_good_row_is_typed_exactly(deliver: Deliver) -> None:
    frame, rejected, read = deliver(HEADER + GOOD)
    assert (read, rejected.height) == (1, 0)
    row = frame.row(0, named=True)
    assert row["_line"] == 2
    assert row["_person_key"] == "C7"
    assert row["_organisation_key"] is None
    assert row["_event_key"] == "1"
    assert row["amount_minor"] == 1999
    assert row["event_time"].isoformat() == "2024-01-30T23:00:00+00:00"
    assert (row["currency"], row["status"]) == ("NOK", "placed")


@pytest.mark.parametrize(
    ("row", "column", "rule"),
    [
        ("2;C7;31.02.2024;1,00;NOK;placed;", "ordered", "is not an instant that exists"),
        ("2;C7;01.01.24;1,00;NOK;placed;", "ordered", "is before 1900 or after 2100"),
        ("2;C7;;1,00;NOK;placed;", "ordered", "is empty"),
        ("2;C7;01.02.2024;1.00;NOK;placed;", "total", "is not an amount"),
        ("2;C7;01.02.2024;1.234,00;NOK;placed;", "total", "is not an amount"),
        (f"2;C7;01.02.2024;{NAME};NOK;placed;", "total", "is not an amount"),
        ("2;C7;01.02.2024;-1,00;NOK;placed;", "total", "is negative"),
        ("2;C7;01.02.2024;1,00;EUR;placed;", "curr", "is not a declared currency"),
        ("2;C7;01.02.2024;1,00;;placed;", "curr", "is not a declared currency"),
        (";C7;01.02.2024;1,00;NOK;placed;", "order_no", "the key is null"),
        ("2; ;01.02.2024;1,00;NOK;placed;", "customer", "the key is null"),
        ("2;C7;01.02.2024;1,00;NOK;lost;", "state", "is not a canonical value"),
        ("2;C7;01.02.2024;1,00;NOK", "", "the row has too few fields"),
        ("2;C7;01.02.2024;1,00;NOK;placed;;x", "", "the row has too many fields"),
        ("2;C7;01.02.2024;1,00;NOK;placed;a\0b", "", "a NUL byte stands in the row"),
        ("2;C7;01.02.2024;1,00;NOK;placed;a\rb", "", "a carriage return stands outside quotes"),
        ('2;C7;01.02.2024;1,00;NOK;placed;5" pipe', "", "a quote stands inside a field that is not quoted"),
        (f"2;C7;01.02.2024;1,00;NOK;placed;{'x' * 70_000}", "", "a field is longer than 65536 bytes"),
    ],
)
def test_a_bad_row_is_quarantined_alone(deliver: Deliver, row: str, column: str, rule: str) -> None:
    frame, rejected, read = deliver(f"{HEADER}{GOOD}{row}\n{GOOD}")
    assert read == 3
    assert frame["_line"].to_list() == [2, 4]
    assert rejected.select("line", "column", "rule").rows() == [(3, column, rule)]
    assert rejected["remedy"][0]
    assert NAME not in rejected["rule"][0] + rejected["remedy"][0]
    assert rejected["raw"][0].startswith("{")


@pytest.mark.parametrize(
    ("content", "line", "column", "rule"),
    [
        ("", 1, "", "is empty"),
        ("\n", 1, "", "the header line is empty"),
        (HEADER, 1, "", "holds a header and no rows"),
        (HEADER.strip(), 1, "", "holds a header and no rows"),
        (HEADER + "\n\r\n", 1, "", "holds a header and no rows"),
        (HEADER.replace("total", "order_no") + GOOD, 1, "order_no", "stands 2 times in the header"),
        (HEADER.replace(";note", "") + GOOD, 1, "note", "is missing"),
        (HEADER.replace("customer", "Custommer") + GOOD, 1, "customer", "is missing, probably renamed"),
        (HEADER.replace(";note", f";note;{NAME}") + GOOD, 1, "no. 8", "is in the file and not in the contract"),
        (GOOD.replace("C7", NAME) + GOOD, 1, "order_no", "is missing (and 6 more)"),
        (HEADER.replace(";", ",") + GOOD, 1, "", "fields are separated by ',', the contract declares ';'"),
        (HEADER.replace("\n", "\r") + GOOD.replace("\n", "\r"), 1, "", "lines end with a carriage return alone"),
        (HEADER + GOOD + '2;"a" b;;;;;\n' + GOOD, 3, "", "text follows a closing quote"),
        (HEADER + GOOD + f'2;"{NAME}\n' + GOOD, 3, "", "a quote is opened and never closed"),
        ((HEADER + GOOD).encode("utf-16"), 1, "", "starts with a byte order mark of utf-16"),
        ((HEADER + GOOD).encode("utf-16-le"), 1, "", "looks like utf-16-le without a byte order mark"),
        ((HEADER + GOOD + "2;Bjørn;;;;;\n").encode("latin-1"), 3, "", "is not valid utf-8"),
        (HEADER + GOOD + "2;" + "x" * 1_100_000, 3, "", "a line is longer than 1048576 bytes"),
        (b"PAR1" + b"\0" * 100, None, "", "is no text file"),
    ],
)
def test_a_bad_file_is_refused(
    deliver: Deliver, content: str | bytes, line: int | None, column: str, rule: str
) -> None:
    error = refused(deliver, content)
    assert (error.line, error.column) == (line, column)
    assert error.rule.startswith(rule)


def test_a_renamed_column_is_suggested_by_its_declared_name(deliver: Deliver) -> None:
    error = refused(deliver, HEADER.replace("ordered", "order-ed") + GOOD)
    assert "'ordered'" in error.remedy
    assert "no. 3" in error.remedy


def test_a_field_of_50_megabytes_is_refused_at_once(deliver: Deliver) -> None:
    error = refused(deliver, (HEADER + GOOD).encode() + b"2;" + b"x" * 50_000_000 + b";;;;;\n")
    assert error.line == 3


@pytest.mark.parametrize("ends", ["\n", "\r\n"])
def test_line_ends_may_be_either_and_mixed(deliver: Deliver, ends: str) -> None:
    frame, rejected, read = deliver(HEADER + GOOD + GOOD.replace("\n", ends) + "\r\n" + GOOD.replace("\n", "\r\n"))
    assert (read, rejected.height) == (3, 0)
    assert frame["_line"].to_list() == [2, 3, 5]


def test_a_quoted_field_may_hold_newline_separator_and_quote(deliver: Deliver) -> None:
    row = '1;"C""7;\nx";31.01.2024;19,99;NOK;placed;"a\r\nb"\n'
    frame, rejected, _ = deliver(HEADER + row + GOOD)
    assert rejected.height == 0
    assert frame["_person_key"].to_list() == ['C"7;\nx', "C7"]
    assert frame["_line"].to_list() == [2, 5]


def test_a_quoted_forged_row_is_not_let_in_by_a_sloppy_export(deliver: Deliver) -> None:
    forged = '1;C7;31.01.2024;1,00;NOK;placed;"he said "hi"\n9;EVIL;31.01.2024;1,00;NOK;placed;\nx"\n'
    refused(deliver, HEADER + forged)


@pytest.mark.parametrize("codec", ["utf-16", "utf-16-le", "cp1252", "utf-8-sig", "cp865"])
def test_a_declared_encoding_is_read(deliver: Deliver, codec: str) -> None:
    content = (HEADER + GOOD.replace("C7", "Bjørn")).encode(codec)
    frame, _, _ = deliver(content, under=other("utf-8", codec))
    assert frame["_person_key"].to_list() == ["Bjørn"]


@pytest.mark.parametrize("codec", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
def test_an_undeclared_encoding_is_told(deliver: Deliver, codec: str) -> None:
    content = (HEADER + GOOD.replace("C7", "Åse Bjørn")).encode(codec)
    frame, _, _ = deliver(content, under=other(" encoding: utf-8,", ""))
    assert frame["_person_key"].to_list() == ["Åse Bjørn"]


def test_a_dos_code_page_is_not_guessed(deliver: Deliver) -> None:
    content = (HEADER + GOOD.replace("C7", "Bjørn")).encode("cp850")
    assert "cannot be told" in refused(deliver, content, other(" encoding: utf-8,", "")).rule


def test_utf8_under_a_latin_contract_is_refused(deliver: Deliver) -> None:
    content = HEADER + GOOD.replace("C7", "Bjørn")
    assert "is UTF-8" in refused(deliver, content, other("utf-8", "latin-1")).rule


@pytest.mark.parametrize("mark", [",", "\t", "|"])
def test_an_undeclared_separator_is_told_by_the_declared_columns(deliver: Deliver, mark: str) -> None:
    content = HEADER.replace(";", mark) + GOOD.replace(",", ".").replace(";", mark)
    under = other('delimiter: ";", encoding: utf-8, decimal: ","', "encoding: utf-8")
    frame, _, _ = deliver(content, under=under)
    assert frame["amount_minor"].to_list() == [1999]


def test_thousands_are_read_only_in_whole_groups(deliver: Deliver) -> None:
    under = other('decimal: ","', 'decimal: ",", thousands: " "')
    rows = "".join(GOOD.replace("19,99", amount) for amount in ["1 234,50", "1\u00a0234\u202f567", "12 34", "7,005"])
    frame, rejected, _ = deliver(HEADER + rows, under=under)
    assert frame["amount_minor"].to_list() == [123450, 123456700, 700]
    assert rejected["line"].to_list() == [4]


def zipped(**files: str) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return packed.getvalue()


@pytest.mark.parametrize("pack", [lambda text: gzip.compress(text.encode()), lambda text: zipped(a=text)])
def test_packed_files_are_read_by_their_first_bytes(deliver: Deliver, pack: Callable[[str], bytes]) -> None:
    frame, _, read = deliver(pack(HEADER + GOOD * 3))
    assert (frame.height, read) == (3, 3)


def test_a_truncated_gzip_is_refused_with_the_line_reached(deliver: Deliver) -> None:
    lines = "".join(f"{n};C{n * 7919 % 1000};31.01.2024;{n},99;NOK;placed;\n" for n in range(200_000))
    packed = gzip.compress((HEADER + lines).encode(), 1)
    error = refused(deliver, packed[: len(packed) * 3 // 4])
    assert "truncated" in error.rule
    assert error.line is not None
    assert error.line > 1000


def test_a_damaged_gzip_is_refused(deliver: Deliver) -> None:
    packed = bytearray(gzip.compress((HEADER + GOOD).encode()))
    packed[-6] ^= 0xFF
    assert "damaged" in refused(deliver, bytes(packed)).rule


def test_a_gzip_bomb_is_refused_by_its_ratio(deliver: Deliver) -> None:
    packed = gzip.compress((HEADER + GOOD * 300_000).encode())
    assert "200 times" in refused(deliver, packed).rule


def test_a_zip_bomb_is_refused_by_its_ratio(deliver: Deliver) -> None:
    assert "200 times" in refused(deliver, zipped(a=HEADER + GOOD * 300_000)).rule


def test_a_zip_of_two_files_is_refused(deliver: Deliver) -> None:
    assert "2 files" in refused(deliver, zipped(a=HEADER, b=HEADER)).rule


def test_a_file_packed_twice_is_refused(deliver: Deliver) -> None:
    refused(deliver, gzip.compress(gzip.compress((HEADER + GOOD).encode())))


def test_a_missing_file_is_refused_without_its_name(contract: Contract, tmp_path: Path) -> None:
    with pytest.raises(FileRefused) as caught:
        open_source(contract, tmp_path / f"{NAME}.csv")
    assert NAME not in str(caught.value)


def test_a_file_that_changes_while_it_is_read_is_refused(contract: Contract, tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text(HEADER + GOOD)
    chunks = open_source(contract, path).chunks()
    next(chunks)
    path.write_text(HEADER + GOOD + GOOD)
    with pytest.raises(FileRefused, match="changed"):
        list(chunks)


def test_the_digest_is_of_the_file_as_delivered(contract: Contract, tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes(b"abc")
    expected = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"  # FIPS 180-2 appendix B.1
    assert open_source(contract, path).sha256 == expected


def test_chunks_keep_to_the_rows_asked_for(deliver: Deliver, contract: Contract, tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text(HEADER + GOOD * 10)
    chunks = list(open_source(contract, path).chunks(rows=3))
    assert [chunk.read for chunk in chunks] == [3, 3, 3, 1]
    assert pl.concat([chunk.frame for chunk in chunks])["_line"].to_list() == list(range(2, 12))
