"""Keep customers' wish lists."""

import sqlalchemy as sa
from alembic import op

from storage.moment import Moment

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    op.create_table(
        "wishlist",
        sa.Column("id", sa.Uuid, nullable=False),
        sa.Column("subject_id", sa.Uuid, nullable=False),
        sa.Column("sealed_name", sa.LargeBinary, nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("created_at", Moment, nullable=False),
        sa.Column("updated_at", Moment, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_wishlist"),
        sa.ForeignKeyConstraint(["subject_id"], ["subject.id"], name="fk_wishlist_subject_id"),
    )
    op.create_index("ix_wishlist_subject_id", "wishlist", ["subject_id"])
    op.create_table(
        "wishlist_line",
        sa.Column("wishlist_id", sa.Uuid, nullable=False),
        sa.Column("sku", sa.String(100), nullable=False),
        sa.Column("position", sa.Integer, nullable=False),
        sa.Column("quantity", sa.Integer, nullable=False),
        sa.Column("sealed_note", sa.LargeBinary),
        sa.Column("channel", sa.String(20), nullable=False),
        sa.Column("added_at", Moment, nullable=False),
        sa.PrimaryKeyConstraint("wishlist_id", "sku", name="pk_wishlist_line"),
        sa.ForeignKeyConstraint(
            ["wishlist_id"],
            ["wishlist.id"],
            name="fk_wishlist_line_wishlist_id",
            ondelete="CASCADE",
        ),
    )


def downgrade() -> None:
    op.drop_table("wishlist_line")
    op.drop_table("wishlist")
