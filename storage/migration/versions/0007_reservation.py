"""Hold goods for customers and guests."""

import sqlalchemy as sa
from alembic import op

from storage.moment import Moment

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    op.create_table(
        "shelf",
        sa.Column("sku", sa.String(100), nullable=False),
        sa.Column("location_key", sa.String(300), nullable=False),
        sa.Column("on_hand", sa.Integer, nullable=False),
        sa.Column("allocated", sa.Integer, nullable=False),
        sa.Column("safety_stock", sa.Integer, nullable=False),
        sa.Column("observed_at", Moment, nullable=False),
        sa.PrimaryKeyConstraint("sku", "location_key", name="pk_shelf"),
    )
    op.create_table(
        "reservation",
        sa.Column("id", sa.Uuid, nullable=False),
        sa.Column("subject_id", sa.Uuid, nullable=False),
        sa.Column("state", sa.String(20), nullable=False),
        sa.Column("channel", sa.String(20), nullable=False),
        sa.Column("created_at", Moment, nullable=False),
        sa.Column("expires_at", Moment, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_reservation"),
        sa.ForeignKeyConstraint(["subject_id"], ["subject.id"], name="fk_reservation_subject_id"),
    )
    op.create_index("ix_reservation_subject_id", "reservation", ["subject_id"])
    op.create_index("ix_reservation_expires_at", "reservation", ["expires_at"])
    op.create_table(
        "reservation_line",
        sa.Column("reservation_id", sa.Uuid, nullable=False),
        sa.Column("sku", sa.String(100), nullable=False),
        sa.Column("location_key", sa.String(300), nullable=False),
        sa.Column("quantity", sa.Integer, nullable=False),
        sa.PrimaryKeyConstraint(
            "reservation_id", "sku", "location_key", name="pk_reservation_line"
        ),
        sa.ForeignKeyConstraint(
            ["reservation_id"],
            ["reservation.id"],
            name="fk_reservation_line_reservation_id",
            ondelete="CASCADE",
        ),
    )
    op.create_table(
        "hold",
        sa.Column("sku", sa.String(100), nullable=False),
        sa.Column("location_key", sa.String(300), nullable=False),
        sa.Column("reservation_id", sa.Uuid, nullable=False),
        sa.Column("quantity", sa.Integer, nullable=False),
        sa.Column("expires_at", Moment),
        sa.Column("included_from", Moment),
        sa.PrimaryKeyConstraint("sku", "location_key", "reservation_id", name="pk_hold"),
        sa.ForeignKeyConstraint(
            ["reservation_id"],
            ["reservation.id"],
            name="fk_hold_reservation_id",
            ondelete="CASCADE",
        ),
    )
    op.create_index("ix_hold_reservation_id", "hold", ["reservation_id"])


def downgrade() -> None:
    op.drop_table("hold")
    op.drop_table("reservation_line")
    op.drop_table("reservation")
    op.drop_table("shelf")
