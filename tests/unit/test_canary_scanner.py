"""A planted leak of every form and in every container is found; without the form it is not; clean bytes are clean.

Where a sample is upper case, it is because one letter off, base64 cannot tell `Z` from `z`.
"""

import base64
import bz2
import gzip
import html
import io
import json
import lzma
import os
import sqlite3
import time
import unicodedata
import zipfile
import zlib
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import TypeVar
from urllib.parse import quote

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.canary import forms, scanner
from tests.canary.forms import TokenTooShort
from tests.canary.scanner import Allowance, Capture, scan, survey
from tests.canary.streams import STREAMS
from tests.canary.tokens import accented_token, token
from tests.canary.windows import PatternSet

V = TypeVar("V")
WORD = token("unit", 1)
ACCENTED = accented_token("unit", 2)
PHONE = "90012345"
NATIONAL_ID = "01019012345"
TOKENS = (WORD, ACCENTED, PHONE, NATIONAL_ID)
FILLER = b'{"level":"info","event":"batch_accepted","rows":5000}\n' * 40


def escaped(text: str) -> str:
    return "".join(f"\\u{ord(letter):04x}" for letter in text)


def inner_base64(text: str, before: bytes, encode: Callable[[bytes], bytes] = base64.b64encode) -> bytes:
    """Encode with other words around, so that no letter of the code is the token's alone at its ends."""
    return encode(before + text.encode() + b" came in by phone")


FORMS: dict[str, tuple[str, str, bytes]] = {
    # what is planted: (spelling that must be known, encoding that must be known, bytes)
    "as it is": ("raw", "utf-8", ACCENTED.encode()),
    "lower case": ("lower", "utf-8", ACCENTED.lower().encode()),
    "upper case": ("upper", "utf-8", ACCENTED.upper().encode()),
    "NFD": ("nfd", "utf-8", unicodedata.normalize("NFD", ACCENTED).encode()),
    "NFD, lower case": ("nfd", "utf-8", unicodedata.normalize("NFD", ACCENTED.lower()).encode()),
    "folded to one letter": ("folded", "utf-8", ACCENTED.lower().replace("ø", "o").replace("å", "a").encode()),
    "folded to two letters": ("folded", "utf-8", ACCENTED.replace("ø", "oe").replace("å", "aa").encode()),
    "Latin-1": ("raw", "latin-1", ACCENTED.encode("latin-1")),
    "UTF-16LE": ("raw", "utf-16-le", ACCENTED.encode("utf-16-le")),
    "UTF-16BE": ("raw", "utf-16-be", ACCENTED.encode("utf-16-be")),
    "UTF-32LE": ("raw", "utf-32-le", ACCENTED.encode("utf-32-le")),
    "UTF-32BE": ("raw", "utf-32-be", ACCENTED.encode("utf-32-be")),
    "base64, aligned": ("raw", "base64-0", inner_base64(ACCENTED, b"abc")),
    "base64, one off": ("upper", "base64-1", inner_base64(ACCENTED.upper(), b"abcd")),
    "base64, two off": ("raw", "base64-2", inner_base64(ACCENTED, b"abcde")),
    "URL-safe base64, aligned": ("raw", "base64-0", inner_base64(ACCENTED, b"", base64.urlsafe_b64encode)),
    "URL-safe base64, one off": ("upper", "base64-1", inner_base64(ACCENTED.upper(), b"?", base64.urlsafe_b64encode)),
    "URL-safe base64, two off": ("raw", "base64-2", inner_base64(ACCENTED, b"??", base64.urlsafe_b64encode)),
    "base64 of lower case": ("lower", "base64-0", inner_base64(ACCENTED.lower(), b"")),
    "hex": ("raw", "hex", ACCENTED.encode().hex().encode()),
    "HEX": ("raw", "hex-upper", ACCENTED.encode().hex().upper().encode()),
    "URL": ("raw", "url", quote(ACCENTED).encode()),
    "URL, small hex": ("raw", "url", ACCENTED.replace("ø", "%c3%b8").replace("å", "%c3%a5").encode()),
    "URL, every byte": ("raw", "url-all", "".join(f"%{byte:02X}" for byte in ACCENTED.encode()).encode()),
    "JSON": ("raw", "json", json.dumps({"name": ACCENTED}).encode()),
    "JSON, capital hex": ("raw", "json", ACCENTED.replace("ø", "\\u00F8").replace("å", "\\u00E5").encode()),
    "JSON, every letter": ("raw", "json-all", escaped(ACCENTED).encode()),
    "phone in groups": ("grouped", "utf-8", b"900 12 345"),
    "national id with a dash": ("grouped", "utf-8", b"010190-12345"),
}


def hits_in(content: bytes) -> list[scanner.Hit]:
    return scan([Capture("capture", content)], TOKENS)


def without(registry: dict[str, V], *gone: str) -> dict[str, V]:
    return {name: entry for name, entry in registry.items() if name not in gone}


def planted(name: str) -> bytes:
    return FILLER + FORMS[name][2] + b"\n" + FILLER


@pytest.mark.parametrize("name", FORMS)
def test_planted_form_is_found_and_named(name: str) -> None:
    spelling, encoding, content = FORMS[name]
    (hit,) = hits_in(planted(name))
    assert hit.form == f"{spelling}/{encoding}"
    assert abs(hit.offset - len(FILLER)) < len(content)


@pytest.mark.parametrize("name", FORMS)
def test_planted_form_is_missed_without_its_spelling(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(forms, "SPELLINGS", without(forms.SPELLINGS, FORMS[name][0]))
    assert hits_in(planted(name)) == []


@pytest.mark.parametrize("name", FORMS)
def test_planted_form_is_missed_without_its_encoding(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    same = ("utf-8", "latin-1")  # the two agree on plain letters and digits
    gone = same if FORMS[name][1] == "utf-8" else (FORMS[name][1],)
    monkeypatch.setattr(forms, "ENCODINGS", without(forms.ENCODINGS, *gone))
    assert hits_in(planted(name)) == []


def test_every_form_has_a_planted_leak() -> None:
    assert {spelling for spelling, _, _ in FORMS.values()} == set(forms.SPELLINGS)
    assert {encoding for _, encoding, _ in FORMS.values()} == set(forms.ENCODINGS)


def test_standard_and_url_safe_base64_differ_for_an_accented_token() -> None:
    """Otherwise the URL-safe cases above would prove nothing."""
    runs = [inner_base64(text, b"?" * at) for at, text in enumerate((ACCENTED, ACCENTED.upper(), ACCENTED))]
    assert any(b"/" in run or b"+" in run for run in runs)


def parquet(codec: str) -> bytes:
    sink = io.BytesIO()
    notes = [f"{WORD} {number}" for number in range(50)]
    table = pa.table({"note": notes, "plain": ["x"] * 50})
    pq.write_table(table, sink, compression=codec, write_statistics=False, use_dictionary=codec != "brotli")
    return sink.getvalue()


def unused_dictionary_entry() -> bytes:
    sink = io.BytesIO()
    column = pa.DictionaryArray.from_arrays(pa.array([0, 0]), pa.array(["a" * 40, WORD]))
    pq.write_table(pa.table({"note": column}), sink, compression="gzip", write_statistics=False)
    return sink.getvalue()


def numbers_in_parquet() -> bytes:
    sink = io.BytesIO()
    pl.DataFrame({"phone": [1, int(PHONE), None], "other": [0.5, float("nan"), 2.0]}).write_parquet(sink)
    return sink.getvalue()


def arrow_file(compression: str) -> bytes:
    sink = io.BytesIO()
    frame = pl.DataFrame({"note": [WORD * 20, "x" * 400]})
    frame.write_ipc(sink, compression="lz4" if compression == "lz4" else "zstd")
    return sink.getvalue()


def arrow_stream() -> bytes:
    sink = io.BytesIO()
    pl.DataFrame({"note": [WORD * 20, "x" * 400]}).write_ipc_stream(sink, compression="lz4")
    return sink.getvalue()


def broken_arrow_file() -> bytes:
    sink = pa.BufferOutputStream()
    table = pa.table({"note": [f"{WORD}{number}" for number in range(500)]})
    with pa.ipc.new_file(sink, table.schema, options=pa.ipc.IpcWriteOptions(compression="lz4")) as writer:
        writer.write_table(table)
    return bytes(sink.getvalue().to_pybytes()[:-50])


def zipped() -> bytes:
    sink = io.BytesIO()
    with zipfile.ZipFile(sink, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("other.txt", FILLER)
        archive.writestr("people.txt", FILLER + WORD.encode())
    return sink.getvalue()


def zstd(content: bytes) -> bytes:
    return bytes(pa.Codec("zstd").compress(content, asbytes=True))


def zstd_streamed(content: bytes) -> bytes:
    sink = pa.BufferOutputStream()
    with pa.CompressedOutputStream(sink, "zstd") as stream:
        stream.write(content)
    return bytes(sink.getvalue().to_pybytes())


HIDDEN = FILLER + WORD.encode() + FILLER
CONTAINERS: dict[str, tuple[str, bytes]] = {
    "gzip": ("gzip@0", gzip.compress(HIDDEN)),
    "gzip behind other bytes": ("gzip@2160", FILLER + gzip.compress(HIDDEN) + FILLER),
    "second gzip member": ("gzip", gzip.compress(FILLER) + gzip.compress(HIDDEN)),
    "gzip cut short": ("gzip@0", gzip.compress(HIDDEN + os.urandom(5000))[:-2000]),
    "zlib": ("zlib@2160", FILLER + zlib.compress(HIDDEN) + FILLER),
    "zlib, best": ("zlib@0", zlib.compress(HIDDEN, 9)),
    "zlib, fast": ("zlib@0", zlib.compress(HIDDEN, 1)),
    "zlib, level 5": ("zlib@0", zlib.compress(HIDDEN, 5)),
    "zstd": ("zstd@0", zstd(HIDDEN)),
    "zstd of unknown size": ("zstd@2160", FILLER + zstd_streamed(HIDDEN) + FILLER),
    "zstd behind other bytes": ("zstd@2160", FILLER + zstd(HIDDEN) + FILLER),
    "bzip2": ("bzip2@0", bz2.compress(HIDDEN)),
    "xz": ("xz@0", lzma.compress(HIDDEN)),
    "zip": ("zip", zipped()),
    "zip without its directory": ("zip", zipped()[:-120]),
    "gzip in gzip": ("gzip@0", gzip.compress(gzip.compress(HIDDEN))),
    **{
        f"parquet, {codec}": ("parquet", parquet(codec))
        for codec in ("snappy", "lz4", "zstd", "gzip", "brotli", "none")
    },
    "dictionary entry of no row": ("parquet", unused_dictionary_entry()),
    "number in parquet": ("parquet", numbers_in_parquet()),
    "parquet in gzip": ("gzip@0", gzip.compress(parquet("snappy"))),
    "arrow file, lz4": ("arrow@0", arrow_file("lz4")),
    "arrow file, zstd": ("arrow@0", arrow_file("zstd")),
    "arrow file behind other bytes": ("arrow@2160", FILLER + arrow_file("lz4") + FILLER),
    "arrow stream": ("arrow", arrow_stream()),
    "arrow file cut short": ("arrow@0", broken_arrow_file()),
}


@pytest.mark.parametrize("name", CONTAINERS)
def test_leak_inside_a_container_is_found(name: str) -> None:
    kind, content = CONTAINERS[name]
    assert any(hit.inside and hit.inside[0].startswith(kind) for hit in hits_in(content))


@pytest.mark.parametrize("kind", STREAMS)
def test_leak_inside_a_stream_is_missed_without_its_opener(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    contents = [content for container, content in CONTAINERS.values() if container.split("@")[0] == kind]
    assert contents
    assert all(hits_in(content) for content in contents)
    monkeypatch.setattr(scanner, "STREAMS", without(STREAMS, kind))
    assert not any(hits_in(content) for content in contents)


def test_containers_without_a_token_are_clean(tmp_path: Path) -> None:
    for number, (_, content) in enumerate(CONTAINERS.values()):
        (tmp_path / str(number)).write_bytes(content)
    (tmp_path / "noise").write_bytes(os.urandom(1 << 20))
    others = [token("other", n) for n in range(200)] + [accented_token("other", n) for n in range(200)]
    report = survey([tmp_path], others)
    assert report.hits == []
    assert report.sources == len(CONTAINERS) + 1
    assert report.scanned_bytes > 1 << 20


def database(path: Path, *statements: tuple[str, tuple[object, ...]]) -> sqlite3.Connection:
    connection = sqlite3.connect(path, isolation_level=None)
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA wal_autocheckpoint = 0")
    connection.execute("PRAGMA secure_delete = OFF")  # some builds of SQLite switch it on
    connection.execute('CREATE TABLE "odd ""name" (value)')
    for sql, values in statements:
        connection.execute(sql, values)
    return connection


INSERT = 'INSERT INTO "odd ""name" VALUES (?)'


def test_deleted_row_in_a_free_page_is_found(tmp_path: Path) -> None:
    rows = [(INSERT, (f"{WORD} {'x' * 900}",))] * 20
    with closing(database(tmp_path / "db", *rows, ('DELETE FROM "odd ""name"', ()))) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    assert any(hit.inside == () for hit in scan([tmp_path / "db"], TOKENS))


def test_row_in_the_write_ahead_log_is_found(tmp_path: Path) -> None:
    with closing(database(tmp_path / "db", (INSERT, (WORD,)))):
        assert any(hit.path.endswith("db-wal") for hit in scan([tmp_path], TOKENS))


@pytest.mark.parametrize("checkpoint", ["PRAGMA wal_checkpoint(TRUNCATE)", "SELECT 1"])
def test_token_cut_by_a_page_border_is_found(tmp_path: Path, checkpoint: str) -> None:
    """Only the tables put the halves together again; every offset of a page's border is tried."""
    for shift in range(4070, 4100):
        path = tmp_path / f"{shift}.db"
        with closing(database(path, (INSERT, ("x" * (shift + 4096) + WORD + "x" * 9000,)))) as connection:
            connection.execute(checkpoint)
            assert any("sqlite" in hit.inside for hit in scan([path], TOKENS)), shift


def test_number_in_a_table_is_found(tmp_path: Path) -> None:
    with closing(database(tmp_path / "db", (INSERT, (int(PHONE),)))) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        assert [hit.token for hit in scan([tmp_path / "db"], TOKENS)] == [TOKENS.index(PHONE)]


def test_file_name_is_scanned(tmp_path: Path) -> None:
    folder = tmp_path / ".hidden" / WORD.lower()
    folder.mkdir(parents=True)
    (folder / "empty").touch()
    (hit,) = scan([tmp_path], TOKENS)
    assert hit.inside == ("name",)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        (f"+47{PHONE}", True),
        (f"0047{PHONE},", True),
        (f"tlf{PHONE}x", True),
        (f"1690{PHONE}78901", False),
        (f"{PHONE}1", False),
        (f"00000{PHONE}", False),
    ],
)
def test_number_inside_a_longer_number_is_chance(text: str, found: bool) -> None:  # noqa: FBT001 - an expected answer
    assert bool(hits_in(f"a {text} b".encode())) is found


def test_allowance_covers_its_place_only_and_an_unused_one_is_named(tmp_path: Path) -> None:
    (tmp_path / "exports").mkdir()
    (tmp_path / "exports" / "crm.csv").write_text(WORD)
    (tmp_path / "hub.log").write_text(WORD)
    used = Allowance(str(tmp_path / "exports" / "*"), "the input itself")
    stale = Allowance("*/gone", "was needed once")
    narrow = Allowance("*/hub.log", "only the phone is expected here", frozenset({TOKENS.index(PHONE)}))
    report = survey([tmp_path], TOKENS, allow=[used, stale, narrow])
    assert [Path(hit.path).name for hit in report.hits] == ["hub.log"]
    assert [Path(hit.path).name for hit in report.allowed] == ["crm.csv"]
    assert report.unused == [stale, narrow]


def test_unreadable_container_is_reported_as_a_blind_spot(tmp_path: Path) -> None:
    (tmp_path / "broken.parquet").write_bytes(b"PAR1" + os.urandom(500) + b"PAR1")
    (tmp_path / "noise").write_bytes(b"\x78\x9c" + b"\xff" * 30)  # looks like zlib for two bytes
    (tmp_path / "sealed.parquet").write_bytes(b"PARE" + os.urandom(500) + b"PARE")
    report = survey([tmp_path], TOKENS)
    assert [Path(blind.path).name for blind in report.unopened] == ["broken.parquet"]


def test_bottomless_nesting_is_reported_as_a_blind_spot() -> None:
    content = WORD.encode()
    for _ in range(scanner.MAX_DEPTH + 2):
        content = gzip.compress(content + os.urandom(64))
    assert {blind.fault for blind in survey([Capture("nested", content)], TOKENS).unopened} == {"too deep"}


def test_scan_that_could_not_fail_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="no tokens"):
        scan([tmp_path], [])
    with pytest.raises(FileNotFoundError):
        scan([tmp_path / "absent"], TOKENS)
    with pytest.raises(TokenTooShort, match="token 1"):
        scan([tmp_path], [WORD, "Ola"])


def test_no_hit_repeats_the_token() -> None:
    assert WORD not in repr(hits_in(HIDDEN))
    assert WORD.lower() not in repr(hits_in(HIDDEN)).lower()


def test_tokens_are_distinct_repeatable_and_survive_standardisation() -> None:
    words = [token("seed", n) for n in range(2000)]
    assert len({word.lower() for word in words}) == 2000
    assert words[7] == token("seed", 7) != token("another", 7)
    assert all(html.escape(word).isascii() and word.isalpha() for word in words)
    assert all(unicodedata.normalize("NFKC", word).casefold() == word.lower() for word in words)


@given(
    patterns=st.lists(st.binary(min_size=8, max_size=12).map(lambda raw: bytes(byte % 2 for byte in raw)), max_size=30),
    content=st.binary(max_size=400).map(lambda raw: bytes(byte % 2 for byte in raw)),
    block_bytes=st.integers(min_value=1, max_value=64),
)
def test_matches_agree_with_naive_search(patterns: list[bytes], content: bytes, block_bytes: int) -> None:
    expected = {(at, pattern) for pattern in patterns for at in range(len(content)) if content.startswith(pattern, at)}
    found = list(PatternSet(patterns, block_bytes=block_bytes).matches(content))
    assert len(found) == len(set(found))
    assert set(found) == expected


def test_price_does_not_grow_with_the_number_of_tokens() -> None:
    """A hundred times the tokens may cost the flags' cache misses, never a hundred times the time."""
    noise = os.urandom(8 << 20)
    seconds = []
    for count in (20, 2000):
        patterns = PatternSet(forms.patterns_of([token("speed", n) for n in range(count)]))
        best = []
        for _ in range(3):
            started = time.perf_counter()
            assert list(patterns.matches(noise)) == []
            best.append(time.perf_counter() - started)
        seconds.append(min(best))
    assert seconds[1] < 8 * seconds[0]
