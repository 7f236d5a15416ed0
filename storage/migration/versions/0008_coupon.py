"""Count who has redeemed which coupon."""

import sqlalchemy as sa
from alembic import op

from storage.moment import Moment

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    op.create_table(
        "coupon",
        sa.Column("code", sa.String(40), nullable=False),
        sa.Column("used", sa.Integer, nullable=False),
        sa.PrimaryKeyConstraint("code", name="pk_coupon"),
    )
    op.create_table(
        "redemption",
        sa.Column("code", sa.String(40), nullable=False),
        sa.Column("taker", sa.String(80), nullable=False),
        sa.Column("subject_id", sa.Uuid, nullable=False),
        sa.Column("created_at", Moment, nullable=False),
        sa.Column("expires_at", Moment),
        sa.PrimaryKeyConstraint("code", "taker", name="pk_redemption"),
        sa.ForeignKeyConstraint(["subject_id"], ["subject.id"], name="fk_redemption_subject_id"),
    )
    op.create_index("ix_redemption_taker", "redemption", ["taker"])
    op.create_index("ix_redemption_subject_id", "redemption", ["subject_id"])
    op.create_index("ix_redemption_code", "redemption", ["code", "expires_at"])


def downgrade() -> None:
    op.drop_table("redemption")
    op.drop_table("coupon")
