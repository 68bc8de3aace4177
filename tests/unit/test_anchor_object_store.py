"""A bucket with object lock, as moto plays it: added under a condition, locked until a date."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from threading import Barrier
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError
from moto import mock_aws

from hub.anchors.anchor import Outcome
from hub.anchors.object_store import Bucket, ObjectStoreAnchor
from hub.clock import now
from hub.errors import ServiceUnreachable
from tests.builders_anchor import AT_ONCE, stated
from tests.builders_log import ALog

LOG = ALog()
FORK = LOG.fork(at=3)
BUCKET = Bucket(name="checkpoints", prefix="varde/prod", region="eu-north-1", days=30)


@pytest.fixture
def s3(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    with mock_aws():
        client = boto3.client("s3", region_name="eu-north-1")
        client.create_bucket(
            Bucket="checkpoints",
            CreateBucketConfiguration={"LocationConstraint": "eu-north-1"},
            ObjectLockEnabledForBucket=True,
        )
        yield client


@pytest.fixture
def anchor(s3: Any) -> ObjectStoreAnchor:
    return ObjectStoreAnchor(BUCKET, AT_ONCE)


def keys(s3: Any) -> list[str]:
    return [each["Key"] for each in s3.list_objects_v2(Bucket="checkpoints").get("Contents", ())]


def test_checkpoints_are_added_and_read_back(anchor: ObjectStoreAnchor, s3: Any) -> None:
    assert anchor.look(stated(LOG, 5)).outcome is Outcome.EMPTY
    for size in (5, 9, 120):
        assert anchor.publish(stated(LOG, size)).outcome is Outcome.PUBLISHED
    assert sorted(anchor.notes(LOG.origin)) == sorted(LOG.note(size) for size in (5, 9, 120))
    assert anchor.look(stated(LOG, 130)).size == 120
    assert all(key.startswith("varde/prod/varde-0001") for key in keys(s3))
    assert keys(s3)[0].endswith("-120.note"), "the newest is listed first"


def test_object_is_locked_until_its_date(anchor: ObjectStoreAnchor, s3: Any) -> None:
    at = now().replace(microsecond=0)  # the store compares the date with its own clock
    anchor.publish(replace(stated(LOG, 5), at=at))
    (key,) = keys(s3)
    held = s3.head_object(Bucket="checkpoints", Key=key)
    assert (held["ObjectLockMode"], held["ObjectLockRetainUntilDate"]) == ("GOVERNANCE", at + timedelta(days=30))
    version = s3.list_object_versions(Bucket="checkpoints")["Versions"][0]["VersionId"]
    with pytest.raises(ClientError, match="AccessDenied"):
        s3.delete_object(Bucket="checkpoints", Key=key, VersionId=version)


def test_log_that_is_shorter_was_rolled_back(anchor: ObjectStoreAnchor) -> None:
    anchor.publish(stated(LOG, 9))
    seen = anchor.publish(stated(LOG, 7))
    assert (seen.outcome, seen.size, seen.note) == (Outcome.AHEAD, 9, LOG.note(9))


def test_other_history_is_a_contradiction(anchor: ObjectStoreAnchor) -> None:
    anchor.publish(stated(LOG, 9))
    assert anchor.publish(stated(FORK, 9)).outcome is Outcome.CONTRADICTED
    assert anchor.publish(stated(FORK, 14)).outcome is Outcome.CONTRADICTED
    assert list(anchor.notes(LOG.origin)) == [LOG.note(9)]


def test_key_that_is_taken_is_never_written_over(anchor: ObjectStoreAnchor, s3: Any) -> None:
    anchor.publish(stated(LOG, 9))
    (key,) = keys(s3)
    with pytest.raises(ClientError, match="PreconditionFailed"):
        anchor._put(key, FORK.note(9), stated(FORK, 9))
    assert anchor.publish(stated(LOG, 9)).outcome is Outcome.PUBLISHED, "the same again is no fault"


def test_bucket_that_is_gone_refuses(s3: Any) -> None:
    gone = ObjectStoreAnchor(Bucket(name="no-such-bucket", region="eu-north-1"), AT_ONCE)
    assert gone.publish(stated(LOG, 5)).outcome is Outcome.REFUSED
    assert gone.look(stated(LOG, 5)).why == "NoSuchBucket"
    with pytest.raises(ServiceUnreachable, match="NoSuchBucket"):
        list(gone.notes(LOG.origin))


def test_endpoint_that_does_not_answer_is_unreachable(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    away = ObjectStoreAnchor(Bucket(name="b", region="eu-north-1", endpoint="http://127.0.0.1:9"), AT_ONCE)
    assert away.look(stated(LOG, 5)).outcome is Outcome.UNREACHABLE


def test_store_without_locks_can_be_used_openly(s3: Any) -> None:
    plain = ObjectStoreAnchor(Bucket(name="checkpoints", region="eu-north-1", lock="none"), AT_ONCE)
    plain.publish(stated(LOG, 5))
    (key,) = keys(s3)
    assert "ObjectLockMode" not in s3.head_object(Bucket="checkpoints", Key=key)


def test_many_objects_are_read_side_by_side(anchor: ObjectStoreAnchor, monkeypatch: pytest.MonkeyPatch) -> None:
    for size in (5, 9, 30):
        anchor.publish(stated(LOG, size))
    met, read = Barrier(3), ObjectStoreAnchor._read

    def slow(self: ObjectStoreAnchor, key: str) -> str:
        met.wait(timeout=10)  # nobody passes before three are here
        return read(self, key)

    monkeypatch.setattr(ObjectStoreAnchor, "_read", slow)
    assert sorted(anchor.notes(LOG.origin)) == sorted(LOG.note(size) for size in (5, 9, 30))
