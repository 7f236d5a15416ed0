"""Tell which cart reserved goods are of."""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"


def upgrade() -> None:
    op.add_column("reservation", sa.Column("cart_id", sa.Uuid))
    op.create_index("ix_reservation_cart_id", "reservation", ["cart_id"])


def downgrade() -> None:
    # In place, on SQLite too: a table made anew would take the lines and holds with the old one.
    op.drop_index("ix_reservation_cart_id", "reservation")
    op.drop_column("reservation", "cart_id")
