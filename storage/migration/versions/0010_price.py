"""Record prices: a ledger of what was public, and a book of what systems asked last."""

import sqlalchemy as sa
from alembic import op

from storage.moment import Moment

revision = "0010"
down_revision = "0009"

_PLACE = (("market", 2), ("channel", 20), ("currency", 3), ("sku", 100))


def upgrade() -> None:
    op.create_table(
        "price_book",
        *(sa.Column(name, sa.String(length), nullable=False) for name, length in _PLACE),
        sa.Column("seen_at", Moment, nullable=False),
        sa.Column("offer", sa.LargeBinary),
        sa.Column("gross", sa.BigInteger),
        sa.Column("list_gross", sa.BigInteger),
        sa.Column("since", Moment),
        sa.PrimaryKeyConstraint("market", "channel", "currency", "sku", name="pk_price_book"),
    )
    op.create_table(
        "price_ledger",
        *(sa.Column(name, sa.String(length), nullable=False) for name, length in _PLACE),
        sa.Column("starts_at", Moment, nullable=False),
        sa.Column("gross", sa.BigInteger),
        sa.Column("prices", sa.LargeBinary),
        sa.PrimaryKeyConstraint(
            "market", "channel", "currency", "sku", "starts_at", name="pk_price_ledger"
        ),
    )
    op.create_table(
        "lease",
        sa.Column("name", sa.String(40), nullable=False),
        sa.Column("until", Moment, nullable=False),
        sa.PrimaryKeyConstraint("name", name="pk_lease"),
    )


def downgrade() -> None:
    op.drop_table("lease")
    op.drop_table("price_ledger")
    op.drop_table("price_book")
