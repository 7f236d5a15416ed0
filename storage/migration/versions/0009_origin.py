"""Bound what guests of one network address hold, whatever secrets they draw."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    op.add_column("reservation", sa.Column("origin", sa.LargeBinary))
    op.create_index("ix_reservation_origin", "reservation", ["origin"])


def downgrade() -> None:
    # In place, on SQLite too: a table made anew would take the lines and holds with the old one.
    op.drop_index("ix_reservation_origin", "reservation")
    op.drop_column("reservation", "origin")
