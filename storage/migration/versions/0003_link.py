"""Show a wish list by a link."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    op.add_column("wishlist", sa.Column("link", sa.LargeBinary))
    op.create_index("uq_wishlist_link", "wishlist", ["link"], unique=True)


def downgrade() -> None:
    # In place, on SQLite too: a table made anew would take the lists' lines with the old one.
    op.drop_index("uq_wishlist_link", "wishlist")
    op.drop_column("wishlist", "link")
