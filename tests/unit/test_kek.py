"""The key-encryption key as a file: 32 bytes for its owner's eyes, whole or not there, never written over."""

import os
import resource
import subprocess
import sys
from pathlib import Path

import pytest

from hub.errors import HomeUnsafe
from hub.kek.file import FileKek, create_key_file
from privacy.errors import KekUnavailable, SealBroken

ROOT = Path(__file__).parents[2]


@pytest.fixture
def key_file(tmp_path: Path) -> Path:
    create_key_file(tmp_path / "kek")
    return tmp_path / "kek"


def test_a_key_file_is_for_its_owner_alone(key_file: Path) -> None:
    assert key_file.stat().st_mode & 0o777 == 0o600
    assert len(key_file.read_bytes()) == 32
    assert [path.name for path in key_file.parent.iterdir()] == ["kek"]


def test_two_key_files_differ(tmp_path: Path, key_file: Path) -> None:
    create_key_file(tmp_path / "other")
    assert FileKek.load(key_file).kek_id != FileKek.load(tmp_path / "other").kek_id


def test_a_key_file_is_never_written_over(key_file: Path) -> None:
    before = key_file.read_bytes()
    with pytest.raises(FileExistsError):
        create_key_file(key_file)
    assert key_file.read_bytes() == before
    assert [path.name for path in key_file.parent.iterdir()] == ["kek"]


def test_a_full_disk_leaves_no_half_of_a_key(tmp_path: Path) -> None:
    """Half a key file could neither be used nor be made again by `varde init`."""
    code = (
        "import resource, sys; from pathlib import Path; from hub.kek.file import create_key_file\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (7, resource.RLIM_INFINITY))\n"
        "try:\n    create_key_file(Path(sys.argv[1]))\nexcept OSError:\n    print('refused')"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path / "kek")], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert done.stdout == "refused\n"
    assert list(tmp_path.iterdir()) == []
    assert resource.getrlimit(resource.RLIMIT_FSIZE)[0] == resource.RLIM_INFINITY


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660, 0o644, 0o620, 0o602, 0o677])
def test_a_key_file_that_others_can_reach_is_refused(key_file: Path, mode: int) -> None:
    key_file.chmod(mode)
    with pytest.raises(HomeUnsafe, match="chmod 600"):
        FileKek.load(key_file)


def test_a_read_only_key_file_is_fine(key_file: Path) -> None:
    key_file.chmod(0o400)
    assert FileKek.load(key_file).kek_id.startswith("file-")


def test_a_key_file_that_is_missing_or_no_file_is_unavailable(tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir(mode=0o700)
    for path in (tmp_path / "none", tmp_path / "folder"):
        with pytest.raises(KekUnavailable) as caught:
            FileKek.load(path)
        assert str(path) not in str(caught.value)


@pytest.mark.parametrize("content", [b"", bytes(31), bytes(33), bytes(32) + b"\n"])
def test_a_key_file_of_another_length_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "kek"
    path.touch(mode=0o600)
    path.write_bytes(content)
    with pytest.raises(KekUnavailable, match="32 bytes"):
        FileKek.load(path)


def test_secrets_come_back_in_order() -> None:
    kek = FileKek(os.urandom(32))
    secrets, aads = [bytes([n]) * 32 for n in range(5)], [bytes([n]) for n in range(5)]
    assert kek.unwrap(kek.wrap(secrets, aads), aads) == secrets
    assert kek.wrap([], []) == kek.unwrap([], []) == []


def test_two_wraps_of_one_secret_differ() -> None:
    kek = FileKek(os.urandom(32))
    assert len(set(kek.wrap([bytes(32)] * 50, [b"a"] * 50))) == 50


def test_a_wrapped_key_of_another_kek_is_refused() -> None:
    mine, other = FileKek(bytes(32)), FileKek(b"\1" * 32)
    with pytest.raises(KekUnavailable) as caught:
        other.unwrap(mine.wrap([bytes(32)], [b"a"]), [b"a"])
    assert caught.value.wanted == mine.kek_id


def test_every_flipped_byte_and_every_cut_of_a_wrapped_key_is_refused() -> None:
    kek = FileKek(bytes(32))
    (wrapped,) = kek.wrap([bytes(32)], [b"a"])
    for position in range(len(wrapped)):
        altered = wrapped[:position] + bytes([wrapped[position] ^ 1]) + wrapped[position + 1 :]
        for blob in (altered, wrapped[:position]):
            with pytest.raises((SealBroken, KekUnavailable)):
                kek.unwrap([blob], [b"a"])


def test_a_wrapped_key_belongs_to_its_associated_data() -> None:
    kek = FileKek(bytes(32))
    with pytest.raises(SealBroken):
        kek.unwrap(kek.wrap([bytes(32)], [b"a"]), [b"b"])


def test_as_many_wrapped_keys_as_associated_data() -> None:
    with pytest.raises(ValueError, match="zip"):
        FileKek(bytes(32)).wrap([bytes(32)], [])
