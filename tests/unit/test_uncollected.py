"""Work on many rows, during which Python does not look for garbage in cycles: it does again when the last is done."""

import gc

import pytest

from ingest.pipeline.uncollected import uncollected


def test_the_collector_works_again_when_the_last_is_done() -> None:
    assert gc.isenabled()
    first, second = uncollected(), uncollected()
    first.__enter__()
    second.__enter__()
    assert not gc.isenabled()
    first.__exit__(None, None, None)
    assert not gc.isenabled()
    second.__exit__(None, None, None)
    assert gc.isenabled()


def test_the_collector_works_again_after_a_fault() -> None:
    with pytest.raises(KeyError), uncollected():
        raise KeyError
    assert gc.isenabled()
