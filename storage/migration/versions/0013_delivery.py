"""Tell stock systems what is held."""

import sqlalchemy as sa
from alembic import op

from storage.moment import Moment

revision = "0013"
down_revision = "0012"


def upgrade() -> None:
    op.add_column("hold", sa.Column("confirmed", sa.Integer))
    op.create_table(
        "delivery",
        sa.Column("reservation_id", sa.Uuid, nullable=False),
        sa.Column("system", sa.String(40), nullable=False),
        sa.Column("is_release", sa.Boolean, nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("tries", sa.Integer, nullable=False),
        sa.Column("due_at", Moment, nullable=False),
        sa.Column("leased_until", Moment),
        sa.PrimaryKeyConstraint("reservation_id", "system", name="pk_delivery"),
        sa.ForeignKeyConstraint(
            ["reservation_id"],
            ["reservation.id"],
            name="fk_delivery_reservation_id",
            ondelete="CASCADE",
        ),
    )
    op.create_index("ix_delivery_due_at", "delivery", ["due_at"])


def downgrade() -> None:
    op.drop_table("delivery")
    op.drop_column("hold", "confirmed")
