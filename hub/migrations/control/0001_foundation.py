"""The tables of the foundation: consent, audit, principals, policy, identity, batches, lake, views and models."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "audit_body",
        sa.Column("leaf_index", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("action", sa.String(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("leaf_index"),
    )
    op.create_index(op.f("ix_audit_body_action"), "audit_body", ["action"], unique=False)
    op.create_index(op.f("ix_audit_body_at"), "audit_body", ["at"], unique=False)
    op.create_table(
        "audit_checkpoint",
        sa.Column("size", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("note", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("size"),
    )
    op.create_table(
        "audit_head",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("frontier", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_table(
        "audit_leaf",
        sa.Column("leaf_index", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("leaf_hash", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("leaf_index"),
    )
    op.create_table(
        "batch",
        sa.Column("batch_id", sa.LargeBinary(), nullable=False),
        sa.Column("contract", sa.String(), nullable=False),
        sa.Column("contract_hash", sa.LargeBinary(), nullable=False),
        sa.Column("source", sa.String(), nullable=False),
        sa.Column("canonical_table", sa.String(), nullable=False),
        sa.Column("idempotency_key", sa.LargeBinary(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("started_at", sa.BigInteger(), nullable=False),
        sa.Column("lease_until", sa.BigInteger(), nullable=False),
        sa.Column("visible_at", sa.BigInteger(), nullable=True),
        sa.Column("principal_id", sa.LargeBinary(), nullable=False),
        sa.Column("rows_read", sa.BigInteger(), nullable=False),
        sa.Column("rows_accepted", sa.BigInteger(), nullable=False),
        sa.Column("rows_quarantined", sa.BigInteger(), nullable=False),
        sa.Column("rows_duplicate", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("batch_id"),
    )
    op.create_index(op.f("ix_batch_contract"), "batch", ["contract"], unique=False)
    op.create_index(op.f("ix_batch_state"), "batch", ["state"], unique=False)
    op.create_index(
        "ux_batch_live",
        "batch",
        ["idempotency_key"],
        unique=True,
        sqlite_where=sa.text("state <> 'aborted'"),
        postgresql_where=sa.text("state <> 'aborted'"),
    )
    op.create_table(
        "batch_metric",
        sa.Column("batch_id", sa.LargeBinary(), nullable=False),
        sa.Column("metric", sa.String(), nullable=False),
        sa.Column("column_name", sa.String(), nullable=False),
        sa.Column("value", sa.Float(), nullable=False),
        sa.Column("breached", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("batch_id", "metric", "column_name"),
    )
    op.create_table(
        "category_value",
        sa.Column("contract", sa.String(), nullable=False),
        sa.Column("column_name", sa.String(), nullable=False),
        sa.Column("token", sa.LargeBinary(), nullable=False),
        sa.Column("batch_id", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("contract", "column_name", "token", "batch_id"),
    )
    op.create_index(op.f("ix_category_value_batch_id"), "category_value", ["batch_id"], unique=False)
    op.create_table(
        "change",
        sa.Column("seq", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("epoch", sa.BigInteger(), nullable=False),
        sa.Column("record_id", sa.LargeBinary(), nullable=True),
        sa.Column("kind", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("seq"),
    )
    op.create_index(op.f("ix_change_epoch"), "change", ["epoch"], unique=False)
    op.create_table(
        "consent_event",
        sa.Column("event_id", sa.LargeBinary(), nullable=False),
        sa.Column("record_id", sa.LargeBinary(), nullable=False),
        sa.Column("purpose", sa.String(), nullable=False),
        sa.Column("act", sa.String(), nullable=False),
        sa.Column("channel", sa.String(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("recorded_at", sa.BigInteger(), nullable=False),
        sa.Column("until", sa.BigInteger(), nullable=True),
        sa.Column("purpose_version", sa.Integer(), nullable=False),
        sa.Column("notice_version", sa.String(), nullable=False),
        sa.Column("language", sa.String(), nullable=False),
        sa.Column("actor", sa.LargeBinary(), nullable=False),
        sa.Column("contract", sa.String(), nullable=False),
        sa.Column("batch_id", sa.LargeBinary(), nullable=True),
        sa.PrimaryKeyConstraint("event_id"),
    )
    op.create_index(op.f("ix_consent_event_batch_id"), "consent_event", ["batch_id"], unique=False)
    op.create_index(op.f("ix_consent_event_record_id"), "consent_event", ["record_id"], unique=False)
    op.create_table(
        "consent_head",
        sa.Column("record_id", sa.LargeBinary(), nullable=False),
        sa.Column("purpose", sa.String(), nullable=False),
        sa.Column("own", sa.LargeBinary(), nullable=True),
        sa.Column("imported", sa.LargeBinary(), nullable=True),
        sa.Column("ended", sa.LargeBinary(), nullable=True),
        sa.Column("requested_at", sa.BigInteger(), nullable=True),
        sa.Column("objected_at", sa.BigInteger(), nullable=True),
        sa.Column("objection_lifted_at", sa.BigInteger(), nullable=True),
        sa.Column("restricted_at", sa.BigInteger(), nullable=True),
        sa.Column("restriction_lifted_at", sa.BigInteger(), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("record_id", "purpose"),
    )
    op.create_table(
        "contact_of",
        sa.Column("person_record", sa.LargeBinary(), nullable=False),
        sa.Column("batch_id", sa.LargeBinary(), nullable=False),
        sa.Column("organisation_record", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("person_record", "batch_id"),
    )
    op.create_index(op.f("ix_contact_of_batch_id"), "contact_of", ["batch_id"], unique=False)
    op.create_index(op.f("ix_contact_of_organisation_record"), "contact_of", ["organisation_record"], unique=False)
    op.create_table(
        "crosswalk",
        sa.Column("record_id", sa.LargeBinary(), nullable=False),
        sa.Column("entity_id", sa.LargeBinary(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("record_id"),
    )
    op.create_index(op.f("ix_crosswalk_entity_id"), "crosswalk", ["entity_id"], unique=False)
    op.create_table(
        "crosswalk_event",
        sa.Column("revision", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("record_id", sa.LargeBinary(), nullable=False),
        sa.Column("from_entity", sa.LargeBinary(), nullable=False),
        sa.Column("to_entity", sa.LargeBinary(), nullable=False),
        sa.Column("cause", sa.String(), nullable=False),
        sa.Column("actor", sa.LargeBinary(), nullable=False),
        sa.Column("batch_id", sa.LargeBinary(), nullable=True),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("revision"),
    )
    op.create_index(op.f("ix_crosswalk_event_record_id"), "crosswalk_event", ["record_id"], unique=False)
    op.create_table(
        "entity",
        sa.Column("entity_id", sa.LargeBinary(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("revision", sa.BigInteger(), nullable=False),
        sa.Column("merged_into", sa.LargeBinary(), nullable=True),
        sa.PrimaryKeyConstraint("entity_id"),
    )
    op.create_table(
        "epoch",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("value", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_table(
        "erasure",
        sa.Column("erasure_id", sa.LargeBinary(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("requested_by", sa.LargeBinary(), nullable=False),
        sa.Column("intended_at", sa.BigInteger(), nullable=False),
        sa.Column("completed_at", sa.BigInteger(), nullable=True),
        sa.Column("records", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("erasure_id"),
    )
    op.create_index(op.f("ix_erasure_state"), "erasure", ["state"], unique=False)
    op.create_table(
        "held_text",
        sa.Column("text_id", sa.LargeBinary(), nullable=False),
        sa.Column("batch_id", sa.LargeBinary(), nullable=False),
        sa.Column("record_id", sa.LargeBinary(), nullable=True),
        sa.Column("canonical_table", sa.String(), nullable=False),
        sa.Column("event_id", sa.BigInteger(), nullable=True),
        sa.Column("key_id", sa.LargeBinary(), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("text_id"),
    )
    op.create_index(op.f("ix_held_text_batch_id"), "held_text", ["batch_id"], unique=False)
    op.create_index(op.f("ix_held_text_record_id"), "held_text", ["record_id"], unique=False)
    op.create_table(
        "instance",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("instance_id", sa.LargeBinary(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_table(
        "lake_file",
        sa.Column("file_id", sa.LargeBinary(length=16), nullable=False),
        sa.Column("table_name", sa.String(length=63), nullable=False),
        sa.Column("modulus", sa.SmallInteger(), nullable=False),
        sa.Column("remainder", sa.SmallInteger(), nullable=False),
        sa.Column("rows", sa.BigInteger(), nullable=False),
        sa.Column("size_bytes", sa.BigInteger(), nullable=False),
        sa.Column("min_event_at", sa.BigInteger(), nullable=False),
        sa.Column("max_event_at", sa.BigInteger(), nullable=False),
        sa.Column("schema_version", sa.Integer(), nullable=False),
        sa.Column("key_id", sa.LargeBinary(length=16), nullable=False),
        sa.Column("sha256", sa.LargeBinary(length=32), nullable=False),
        sa.Column("state", sa.String(length=8), nullable=False),
        sa.Column("added_by", sa.LargeBinary(length=16), nullable=False),
        sa.Column("added_at", sa.BigInteger(), nullable=False),
        sa.Column("removed_by", sa.LargeBinary(length=16), nullable=True),
        sa.Column("removed_at", sa.BigInteger(), nullable=True),
        sa.Column("removed_seq", sa.BigInteger(), nullable=True),
        sa.CheckConstraint("(removed_by IS NULL) = (state IN ('staged','live'))", name="lake_file_removal"),
        sa.CheckConstraint("state IN ('staged','live','removed','purged','lost')", name="lake_file_state"),
        sa.CheckConstraint("remainder >= 0 AND remainder < modulus", name="lake_file_bucket"),
        sa.PrimaryKeyConstraint("file_id"),
    )
    op.create_index("lake_file_by_adder", "lake_file", ["added_by", "state"], unique=False)
    op.create_index("lake_file_by_removal", "lake_file", ["state", "removed_seq"], unique=False)
    op.create_index("lake_file_by_table", "lake_file", ["table_name", "state"], unique=False)
    op.create_table(
        "lake_head",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("seq", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_table(
        "lake_intent",
        sa.Column("file_id", sa.LargeBinary(length=16), nullable=False),
        sa.Column("intent_id", sa.LargeBinary(length=16), nullable=False),
        sa.Column("kind", sa.String(length=8), nullable=False),
        sa.Column("table_name", sa.String(length=63), nullable=False),
        sa.Column("key_id", sa.LargeBinary(length=16), nullable=False),
        sa.Column("state", sa.String(length=8), nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=False),
        sa.Column("instance_id", sa.LargeBinary(length=16), nullable=False),
        sa.CheckConstraint("state IN ('open','sweeping')", name="lake_intent_state"),
        sa.PrimaryKeyConstraint("file_id"),
    )
    op.create_index(op.f("ix_lake_intent_expires_at"), "lake_intent", ["expires_at"], unique=False)
    op.create_index(op.f("ix_lake_intent_intent_id"), "lake_intent", ["intent_id"], unique=False)
    op.create_table(
        "lake_lease",
        sa.Column("lease_id", sa.LargeBinary(length=16), nullable=False),
        sa.Column("opened_at", sa.BigInteger(), nullable=False),
        sa.Column("until", sa.BigInteger(), nullable=False),
        sa.Column("snapshot_seq", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("lease_id"),
    )
    op.create_index(op.f("ix_lake_lease_until"), "lake_lease", ["until"], unique=False)
    op.create_table(
        "model_version",
        sa.Column("model_id", sa.LargeBinary(), nullable=False),
        sa.Column("module", sa.String(), nullable=False),
        sa.Column("view", sa.String(), nullable=False),
        sa.Column("view_version", sa.Integer(), nullable=False),
        sa.Column("spec_hash", sa.LargeBinary(), nullable=False),
        sa.Column("trained_at", sa.BigInteger(), nullable=False),
        sa.Column("trained_by", sa.LargeBinary(), nullable=False),
        sa.Column("training_release", sa.LargeBinary(), nullable=False),
        sa.Column("file_sha256", sa.LargeBinary(), nullable=False),
        sa.Column("report", sa.Text(), nullable=False),
        sa.Column("current", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("model_id"),
    )
    op.create_index(op.f("ix_model_version_module"), "model_version", ["module"], unique=False)
    op.create_table(
        "policy_version",
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("policy_hash", sa.LargeBinary(), nullable=False),
        sa.Column("document", sa.Text(), nullable=False),
        sa.Column("applied_at", sa.BigInteger(), nullable=False),
        sa.Column("applied_by", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("version"),
    )
    op.create_table(
        "principal",
        sa.Column("principal_id", sa.LargeBinary(), nullable=False),
        sa.Column("person_id", sa.LargeBinary(), nullable=False),
        sa.Column("role", sa.String(), nullable=False),
        sa.Column("purposes", sa.String(), nullable=False),
        sa.Column("views", sa.String(), nullable=False),
        sa.Column("token_hash", sa.LargeBinary(), nullable=False),
        sa.Column("label_index", sa.LargeBinary(), nullable=False),
        sa.Column("label_sealed", sa.LargeBinary(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=True),
        sa.Column("revoked_at", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("principal_id"),
        sa.UniqueConstraint("token_hash"),
    )
    op.create_index(op.f("ix_principal_label_index"), "principal", ["label_index"], unique=False)
    op.create_index(op.f("ix_principal_person_id"), "principal", ["person_id"], unique=False)
    op.create_table(
        "quarantine_row",
        sa.Column("row_id", sa.LargeBinary(), nullable=False),
        sa.Column("batch_id", sa.LargeBinary(), nullable=False),
        sa.Column("line", sa.BigInteger(), nullable=False),
        sa.Column("column_name", sa.String(), nullable=False),
        sa.Column("rule", sa.String(), nullable=False),
        sa.Column("remedy", sa.String(), nullable=False),
        sa.Column("subject_index", sa.LargeBinary(), nullable=True),
        sa.Column("key_id", sa.LargeBinary(), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("row_id"),
    )
    op.create_index(op.f("ix_quarantine_row_batch_id"), "quarantine_row", ["batch_id"], unique=False)
    op.create_index(op.f("ix_quarantine_row_subject_index"), "quarantine_row", ["subject_index"], unique=False)
    op.create_table(
        "record_index",
        sa.Column("record_id", sa.LargeBinary(), nullable=False),
        sa.Column("field", sa.String(), nullable=False),
        sa.Column("token", sa.LargeBinary(), nullable=False),
        sa.Column("batch_id", sa.LargeBinary(), nullable=False),
        sa.Column("standardiser_version", sa.Integer(), nullable=False),
        sa.Column("key_version", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("record_id", "field", "token", "batch_id"),
    )
    op.create_index(op.f("ix_record_index_batch_id"), "record_index", ["batch_id"], unique=False)
    op.create_index("ix_record_index_token", "record_index", ["token"], unique=False)
    op.create_table(
        "record_revision",
        sa.Column("record_id", sa.LargeBinary(), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("batch_id", sa.LargeBinary(), nullable=False),
        sa.Column("key_id", sa.LargeBinary(), nullable=False),
        sa.Column("content_index", sa.LargeBinary(), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.Column("arrived_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("record_id", "revision"),
    )
    op.create_index(op.f("ix_record_revision_batch_id"), "record_revision", ["batch_id"], unique=False)
    op.create_table(
        "source_ground",
        sa.Column("source", sa.String(), nullable=False),
        sa.Column("purpose", sa.String(), nullable=False),
        sa.Column("contract", sa.String(), nullable=False),
        sa.Column("legal_basis", sa.String(), nullable=False),
        sa.Column("notice_version", sa.String(), nullable=False),
        sa.Column("notice_given", sa.Boolean(), nullable=False),
        sa.Column("declared_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("source", "purpose", "contract"),
    )
    op.create_table(
        "source_record",
        sa.Column("record_id", sa.LargeBinary(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("source", sa.String(), nullable=False),
        sa.Column("key_index", sa.LargeBinary(), nullable=False),
        sa.Column("key_version", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("record_id"),
        sa.UniqueConstraint("key_index"),
    )
    op.create_index(op.f("ix_source_record_source"), "source_record", ["source"], unique=False)
    op.create_table(
        "subject_token",
        sa.Column("token_hash", sa.LargeBinary(), nullable=False),
        sa.Column("record_id", sa.LargeBinary(), nullable=False),
        sa.Column("scope", sa.String(), nullable=False),
        sa.Column("purposes", sa.String(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=False),
        sa.Column("revoked_at", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("token_hash"),
    )
    op.create_index(op.f("ix_subject_token_record_id"), "subject_token", ["record_id"], unique=False)
    op.create_table(
        "tombstone",
        sa.Column("record_id", sa.LargeBinary(), nullable=False),
        sa.Column("erasure_id", sa.LargeBinary(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("record_id"),
    )
    op.create_index(op.f("ix_tombstone_erasure_id"), "tombstone", ["erasure_id"], unique=False)
    op.create_table(
        "view_release",
        sa.Column("release_id", sa.LargeBinary(), nullable=False),
        sa.Column("view", sa.String(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("purpose", sa.String(), nullable=False),
        sa.Column("principal_id", sa.LargeBinary(), nullable=False),
        sa.Column("as_of", sa.BigInteger(), nullable=False),
        sa.Column("epoch", sa.BigInteger(), nullable=False),
        sa.Column("intent_leaf", sa.BigInteger(), nullable=False),
        sa.Column("rows", sa.Integer(), nullable=False),
        sa.Column("released_at", sa.BigInteger(), nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=False),
        sa.Column("completed_at", sa.BigInteger(), nullable=True),
        sa.Column("sha256", sa.LargeBinary(), nullable=True),
        sa.PrimaryKeyConstraint("release_id"),
    )
    op.create_index(op.f("ix_view_release_view"), "view_release", ["view"], unique=False)
    op.create_table(
        "view_version",
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("spec", sa.Text(), nullable=False),
        sa.Column("spec_hash", sa.LargeBinary(), nullable=False),
        sa.Column("purpose", sa.String(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("author_person", sa.LargeBinary(), nullable=False),
        sa.Column("submitted_at", sa.BigInteger(), nullable=True),
        sa.Column("approver_person", sa.LargeBinary(), nullable=True),
        sa.Column("approved_at", sa.BigInteger(), nullable=True),
        sa.Column("approved_spec_hash", sa.LargeBinary(), nullable=True),
        sa.Column("approved_purpose_hash", sa.LargeBinary(), nullable=True),
        sa.Column("four_eyes_enforced", sa.Boolean(), nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=True),
        sa.Column("revoked_at", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("name", "version"),
    )


def downgrade() -> None:
    op.drop_table("view_version")
    op.drop_index(op.f("ix_view_release_view"), table_name="view_release")
    op.drop_table("view_release")
    op.drop_index(op.f("ix_tombstone_erasure_id"), table_name="tombstone")
    op.drop_table("tombstone")
    op.drop_index(op.f("ix_subject_token_record_id"), table_name="subject_token")
    op.drop_table("subject_token")
    op.drop_index(op.f("ix_source_record_source"), table_name="source_record")
    op.drop_table("source_record")
    op.drop_table("source_ground")
    op.drop_index(op.f("ix_record_revision_batch_id"), table_name="record_revision")
    op.drop_table("record_revision")
    op.drop_index("ix_record_index_token", table_name="record_index")
    op.drop_index(op.f("ix_record_index_batch_id"), table_name="record_index")
    op.drop_table("record_index")
    op.drop_index(op.f("ix_quarantine_row_subject_index"), table_name="quarantine_row")
    op.drop_index(op.f("ix_quarantine_row_batch_id"), table_name="quarantine_row")
    op.drop_table("quarantine_row")
    op.drop_index(op.f("ix_principal_person_id"), table_name="principal")
    op.drop_index(op.f("ix_principal_label_index"), table_name="principal")
    op.drop_table("principal")
    op.drop_table("policy_version")
    op.drop_index(op.f("ix_model_version_module"), table_name="model_version")
    op.drop_table("model_version")
    op.drop_index(op.f("ix_lake_lease_until"), table_name="lake_lease")
    op.drop_table("lake_lease")
    op.drop_index(op.f("ix_lake_intent_intent_id"), table_name="lake_intent")
    op.drop_index(op.f("ix_lake_intent_expires_at"), table_name="lake_intent")
    op.drop_table("lake_intent")
    op.drop_table("lake_head")
    op.drop_index("lake_file_by_table", table_name="lake_file")
    op.drop_index("lake_file_by_removal", table_name="lake_file")
    op.drop_index("lake_file_by_adder", table_name="lake_file")
    op.drop_table("lake_file")
    op.drop_table("instance")
    op.drop_index(op.f("ix_held_text_record_id"), table_name="held_text")
    op.drop_index(op.f("ix_held_text_batch_id"), table_name="held_text")
    op.drop_table("held_text")
    op.drop_index(op.f("ix_erasure_state"), table_name="erasure")
    op.drop_table("erasure")
    op.drop_table("epoch")
    op.drop_table("entity")
    op.drop_index(op.f("ix_crosswalk_event_record_id"), table_name="crosswalk_event")
    op.drop_table("crosswalk_event")
    op.drop_index(op.f("ix_crosswalk_entity_id"), table_name="crosswalk")
    op.drop_table("crosswalk")
    op.drop_index(op.f("ix_contact_of_organisation_record"), table_name="contact_of")
    op.drop_index(op.f("ix_contact_of_batch_id"), table_name="contact_of")
    op.drop_table("contact_of")
    op.drop_table("consent_head")
    op.drop_index(op.f("ix_consent_event_record_id"), table_name="consent_event")
    op.drop_index(op.f("ix_consent_event_batch_id"), table_name="consent_event")
    op.drop_table("consent_event")
    op.drop_index(op.f("ix_change_epoch"), table_name="change")
    op.drop_table("change")
    op.drop_index(op.f("ix_category_value_batch_id"), table_name="category_value")
    op.drop_table("category_value")
    op.drop_table("batch_metric")
    op.drop_index(
        "ux_batch_live",
        table_name="batch",
        sqlite_where=sa.text("state <> 'aborted'"),
        postgresql_where=sa.text("state <> 'aborted'"),
    )
    op.drop_index(op.f("ix_batch_state"), table_name="batch")
    op.drop_index(op.f("ix_batch_contract"), table_name="batch")
    op.drop_table("batch")
    op.drop_table("audit_leaf")
    op.drop_table("audit_head")
    op.drop_table("audit_checkpoint")
    op.drop_index(op.f("ix_audit_body_at"), table_name="audit_body")
    op.drop_index(op.f("ix_audit_body_action"), table_name="audit_body")
    op.drop_table("audit_body")
