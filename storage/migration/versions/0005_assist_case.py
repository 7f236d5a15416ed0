"""Let agents open customers by a case."""

import sqlalchemy as sa
from alembic import op

from storage.moment import Moment

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    op.create_table(
        "assist_case",
        sa.Column("id", sa.Uuid, nullable=False),
        sa.Column("subject_id", sa.Uuid, nullable=False),
        sa.Column("agent", sa.LargeBinary, nullable=False),
        sa.Column("sealed_agent", sa.LargeBinary, nullable=False),
        sa.Column("sealed_reason", sa.LargeBinary, nullable=False),
        sa.Column("purpose", sa.String(40), nullable=False),
        sa.Column("verification", sa.String(40), nullable=False),
        sa.Column("opened_at", Moment, nullable=False),
        sa.Column("expires_at", Moment, nullable=False),
        sa.Column("closed_at", Moment),
        sa.PrimaryKeyConstraint("id", name="pk_assist_case"),
        sa.ForeignKeyConstraint(["subject_id"], ["subject.id"], name="fk_assist_case_subject_id"),
    )
    op.create_index("ix_assist_case_subject_id", "assist_case", ["subject_id"])
    op.create_index("ix_assist_case_agent", "assist_case", ["agent", "expires_at"])


def downgrade() -> None:
    op.drop_table("assist_case")
