"""Keep carts, of customers and of guests."""

import sqlalchemy as sa
from alembic import op

from storage.moment import Moment

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    op.create_table(
        "cart",
        sa.Column("id", sa.Uuid, nullable=False),
        sa.Column("subject_id", sa.Uuid, nullable=False),
        sa.Column("is_guest", sa.Boolean, nullable=False),
        sa.Column("state", sa.String(20), nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("currency", sa.String(3), nullable=False),
        sa.Column("value", sa.BigInteger, nullable=False),
        sa.Column("pieces", sa.Integer, nullable=False),
        sa.Column("sealed", sa.LargeBinary, nullable=False),
        sa.Column("created_at", Moment, nullable=False),
        sa.Column("updated_at", Moment, nullable=False),
        sa.Column("expires_at", Moment, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_cart"),
        sa.ForeignKeyConstraint(["subject_id"], ["subject.id"], name="fk_cart_subject_id"),
    )
    op.create_index("ix_cart_subject_id", "cart", ["subject_id"])
    op.create_index("ix_cart_updated_at", "cart", ["updated_at"])
    op.create_index("ix_cart_expires_at", "cart", ["expires_at"])
    op.create_table(
        "cart_secret",
        sa.Column("digest", sa.LargeBinary, nullable=False),
        sa.Column("cart_id", sa.Uuid, nullable=False),
        sa.Column("created_at", Moment, nullable=False),
        sa.PrimaryKeyConstraint("digest", name="pk_cart_secret"),
        sa.ForeignKeyConstraint(
            ["cart_id"], ["cart.id"], name="fk_cart_secret_cart_id", ondelete="CASCADE"
        ),
    )
    op.create_index("ix_cart_secret_cart_id", "cart_secret", ["cart_id"])


def downgrade() -> None:
    op.drop_table("cart_secret")
    op.drop_table("cart")
