"""Begin: whom data is about, and which mutations were carried out."""

import sqlalchemy as sa
from alembic import op

from storage.moment import Moment

revision = "0001"
down_revision = None


def upgrade() -> None:
    op.create_table(
        "mark",
        sa.Column("name", sa.String(40), nullable=False),
        sa.Column("value", sa.LargeBinary, nullable=False),
        sa.PrimaryKeyConstraint("name", name="pk_mark"),
    )
    op.create_table(
        "subject",
        sa.Column("id", sa.Uuid, nullable=False),
        sa.Column("blind", sa.LargeBinary),
        sa.Column("wrapped", sa.LargeBinary),
        sa.Column("sealed_key", sa.LargeBinary),
        sa.Column("created_at", Moment, nullable=False),
        sa.Column("shredded_at", Moment),
        sa.PrimaryKeyConstraint("id", name="pk_subject"),
        sa.UniqueConstraint("blind", name="uq_subject_blind"),
    )
    op.create_table(
        "attempt",
        sa.Column("scope", sa.LargeBinary, nullable=False),
        sa.Column("mutation", sa.String(80), nullable=False),
        sa.Column("input", sa.LargeBinary, nullable=False),
        sa.Column("subject_id", sa.Uuid),
        sa.Column("outcome", sa.LargeBinary, nullable=False),
        sa.Column("created_at", Moment, nullable=False),
        sa.Column("expires_at", Moment, nullable=False),
        sa.PrimaryKeyConstraint("scope", name="pk_attempt"),
        sa.ForeignKeyConstraint(["subject_id"], ["subject.id"], name="fk_attempt_subject_id"),
    )
    op.create_index("ix_attempt_subject_id", "attempt", ["subject_id"])
    op.create_index("ix_attempt_expires_at", "attempt", ["expires_at"])


def downgrade() -> None:
    op.drop_table("attempt")
    op.drop_table("subject")
    op.drop_table("mark")
