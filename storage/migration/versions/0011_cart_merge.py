"""Keep what carts were merged into, and the codes that hand them on."""

import sqlalchemy as sa
from alembic import op

from storage.moment import Moment

revision = "0011"
down_revision = "0010"


def upgrade() -> None:
    op.create_table(
        "cart_merge",
        sa.Column("id", sa.Uuid, nullable=False),
        sa.Column("source_id", sa.Uuid, nullable=False),
        sa.Column("target_id", sa.Uuid, nullable=False),
        sa.Column("subject_id", sa.Uuid, nullable=False),
        sa.Column("sealed", sa.LargeBinary, nullable=False),
        sa.Column("merged_at", Moment, nullable=False),
        sa.Column("undone_at", Moment),
        sa.PrimaryKeyConstraint("id", name="pk_cart_merge"),
        sa.ForeignKeyConstraint(
            ["source_id"], ["cart.id"], name="fk_cart_merge_source_id", ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["target_id"], ["cart.id"], name="fk_cart_merge_target_id", ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["subject_id"], ["subject.id"], name="fk_cart_merge_subject_id"),
    )
    for column in ("source_id", "target_id", "subject_id"):
        op.create_index(f"ix_cart_merge_{column}", "cart_merge", [column])
    op.create_table(
        "cart_code",
        sa.Column("digest", sa.LargeBinary, nullable=False),
        sa.Column("cart_id", sa.Uuid, nullable=False),
        sa.Column("expires_at", Moment, nullable=False),
        sa.PrimaryKeyConstraint("digest", name="pk_cart_code"),
        sa.ForeignKeyConstraint(
            ["cart_id"], ["cart.id"], name="fk_cart_code_cart_id", ondelete="CASCADE"
        ),
    )
    op.create_index("ix_cart_code_cart_id", "cart_code", ["cart_id"])
    op.create_index("ix_cart_code_expires_at", "cart_code", ["expires_at"])


def downgrade() -> None:
    op.drop_table("cart_code")
    op.drop_table("cart_merge")
