"""The tables of the newest migration. What is personal stands sealed, or not at all.

*Units*: times in UTC; quantities in pieces.
"""

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Uuid,
)

from storage.moment import Moment

METADATA = MetaData(
    naming_convention={
        "pk": "pk_%(table_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s",
        "ix": "ix_%(table_name)s_%(column_0_name)s",
        "uq": "uq_%(table_name)s_%(column_0_name)s",
    }
)

# What must be so for this database and this process to belong together.
MARK = Table(
    "mark",
    METADATA,
    Column("name", String(40), primary_key=True),
    Column("value", LargeBinary, nullable=False),
)

# A person, and the key that everything about them is sealed with; shredded, all three are null.
SUBJECT = Table(
    "subject",
    METADATA,
    Column("id", Uuid, primary_key=True),
    Column("blind", LargeBinary, unique=True),
    Column("wrapped", LargeBinary),
    Column("sealed_key", LargeBinary),
    Column("created_at", Moment, nullable=False),
    Column("shredded_at", Moment),
)

# Mutations that were carried out, with their outcome, for a day.
ATTEMPT = Table(
    "attempt",
    METADATA,
    Column("scope", LargeBinary, primary_key=True),
    Column("mutation", String(80), nullable=False),
    Column("input", LargeBinary, nullable=False),
    Column("subject_id", ForeignKey("subject.id"), index=True),
    Column("outcome", LargeBinary, nullable=False),
    Column("created_at", Moment, nullable=False),
    Column("expires_at", Moment, nullable=False, index=True),
)

WISHLIST = Table(
    "wishlist",
    METADATA,
    Column("id", Uuid, primary_key=True),
    Column("subject_id", ForeignKey("subject.id"), nullable=False, index=True),
    Column("sealed_name", LargeBinary, nullable=False),
    Column("version", Integer, nullable=False),
    Column("created_at", Moment, nullable=False),
    Column("updated_at", Moment, nullable=False),
    Column("link", LargeBinary),
    Index("uq_wishlist_link", "link", unique=True),
)

WISHLIST_LINE = Table(
    "wishlist_line",
    METADATA,
    Column("wishlist_id", ForeignKey("wishlist.id", ondelete="CASCADE"), primary_key=True),
    Column("sku", String(100), primary_key=True),
    Column("position", Integer, nullable=False),
    Column("quantity", Integer, nullable=False),
    Column("sealed_note", LargeBinary),
    Column("channel", String(20), nullable=False),
    Column("added_at", Moment, nullable=False),
)

# What machines prove themselves with; the text of a key stands nowhere.
API_KEY = Table(
    "api_key",
    METADATA,
    Column("id", Uuid, primary_key=True),
    Column("name", String(64), nullable=False),
    Column("digest", LargeBinary, nullable=False, unique=True),
    Column("role", String(20), nullable=False),
    Column("purposes", String(400), nullable=False),
    Column("store", String(300)),
    Column("channel", String(20)),
    Column("created_at", Moment, nullable=False),
    Column("expires_at", Moment, nullable=False),
    Column("revoked_at", Moment),
)

# What lets an agent see a customer as they are; whoever opened it is found by a keyed digest.
ASSIST_CASE = Table(
    "assist_case",
    METADATA,
    Column("id", Uuid, primary_key=True),
    Column("subject_id", ForeignKey("subject.id"), nullable=False, index=True),
    Column("agent", LargeBinary, nullable=False),
    Column("sealed_agent", LargeBinary, nullable=False),
    Column("sealed_reason", LargeBinary, nullable=False),
    Column("purpose", String(40), nullable=False),
    Column("verification", String(40), nullable=False),
    Column("opened_at", Moment, nullable=False),
    Column("expires_at", Moment, nullable=False),
    Column("closed_at", Moment),
    Index("ix_assist_case_agent", "agent", "expires_at"),
)

# What lies in a cart stands sealed; what carts are looked for by, in clear.
CART = Table(
    "cart",
    METADATA,
    Column("id", Uuid, primary_key=True),
    Column("subject_id", ForeignKey("subject.id"), nullable=False, index=True),
    Column("is_guest", Boolean, nullable=False),
    Column("state", String(20), nullable=False),
    Column("version", Integer, nullable=False),
    Column("currency", String(3), nullable=False),
    Column("value", BigInteger, nullable=False),
    Column("pieces", Integer, nullable=False),
    Column("sealed", LargeBinary, nullable=False),
    Column("created_at", Moment, nullable=False),
    Column("updated_at", Moment, nullable=False, index=True),
    Column("expires_at", Moment, nullable=False, index=True),
)

# What guests prove a cart theirs by.
CART_SECRET = Table(
    "cart_secret",
    METADATA,
    Column("digest", LargeBinary, primary_key=True),
    Column("cart_id", ForeignKey("cart.id", ondelete="CASCADE"), nullable=False, index=True),
    Column("created_at", Moment, nullable=False),
)

# What the newest snapshot says of a SKU at a location. Its row is the lock of all that holds there.
SHELF = Table(
    "shelf",
    METADATA,
    Column("sku", String(100), primary_key=True),
    Column("location_key", String(300), primary_key=True),
    Column("on_hand", Integer, nullable=False),
    Column("allocated", Integer, nullable=False),
    Column("safety_stock", Integer, nullable=False),
    Column("observed_at", Moment, nullable=False),
)

RESERVATION = Table(
    "reservation",
    METADATA,
    Column("id", Uuid, primary_key=True),
    Column("subject_id", ForeignKey("subject.id"), nullable=False, index=True),
    Column("state", String(20), nullable=False),
    Column("channel", String(20), nullable=False),
    Column("created_at", Moment, nullable=False),
    Column("expires_at", Moment, nullable=False, index=True),
    Column("origin", LargeBinary, index=True),
    Column("cart_id", Uuid, index=True),
)

RESERVATION_LINE = Table(
    "reservation_line",
    METADATA,
    Column("reservation_id", ForeignKey("reservation.id", ondelete="CASCADE"), primary_key=True),
    Column("sku", String(100), primary_key=True),
    Column("location_key", String(300), primary_key=True),
    Column("quantity", Integer, nullable=False),
)

# What counts against stock. Without expires_at it does until it is let go.
HOLD = Table(
    "hold",
    METADATA,
    Column("sku", String(100), primary_key=True),
    Column("location_key", String(300), primary_key=True),
    Column(
        "reservation_id",
        ForeignKey("reservation.id", ondelete="CASCADE"),
        primary_key=True,
        index=True,
    ),
    Column("quantity", Integer, nullable=False),
    Column("expires_at", Moment),
    Column("included_from", Moment),
    Column("confirmed", Integer),
)

# How often a code is held. Its row is the lock of all that hold it.
COUPON = Table(
    "coupon",
    METADATA,
    Column("code", String(40), primary_key=True),
    Column("used", Integer, nullable=False),
)

# Who holds a code, and until when.
REDEMPTION = Table(
    "redemption",
    METADATA,
    Column("code", String(40), primary_key=True),
    Column("taker", String(80), primary_key=True, index=True),
    Column("subject_id", ForeignKey("subject.id"), nullable=False, index=True),
    Column("created_at", Moment, nullable=False),
    Column("expires_at", Moment),
    Index("ix_redemption_code", "code", "expires_at"),
)


def _priced() -> tuple[Column[str], ...]:
    """Name a variant where it is sold: by market, channel and currency."""
    return (
        Column("market", String(2), primary_key=True),
        Column("channel", String(20), primary_key=True),
        Column("currency", String(3), primary_key=True),
        Column("sku", String(100), primary_key=True),
    )


# What systems asked last, and what the public pays for it. Its row is the lock of its ledger.
PRICE_BOOK = Table(
    "price_book",
    METADATA,
    *_priced(),
    Column("seen_at", Moment, nullable=False),
    Column("offer", LargeBinary),
    Column("gross", BigInteger),
    Column("list_gross", BigInteger),
    Column("since", Moment),
)

# What the public could pay from then on, until the next row; without prices, nothing was sold.
PRICE_LEDGER = Table(
    "price_ledger",
    METADATA,
    *_priced(),
    Column("starts_at", Moment, primary_key=True),
    Column("gross", BigInteger),
    Column("prices", LargeBinary),
)

# Work that one process at a time does.
LEASE = Table(
    "lease",
    METADATA,
    Column("name", String(40), primary_key=True),
    Column("until", Moment, nullable=False),
)

# What carts were merged into, with each as it was before: what undoing goes by.
CART_MERGE = Table(
    "cart_merge",
    METADATA,
    Column("id", Uuid, primary_key=True),
    Column("source_id", ForeignKey("cart.id", ondelete="CASCADE"), nullable=False, index=True),
    Column("target_id", ForeignKey("cart.id", ondelete="CASCADE"), nullable=False, index=True),
    Column("subject_id", ForeignKey("subject.id"), nullable=False, index=True),
    Column("sealed", LargeBinary, nullable=False),
    Column("merged_at", Moment, nullable=False),
    Column("undone_at", Moment),
)

# What hands a cart on, once and for minutes.
CART_CODE = Table(
    "cart_code",
    METADATA,
    Column("digest", LargeBinary, primary_key=True),
    Column("cart_id", ForeignKey("cart.id", ondelete="CASCADE"), nullable=False, index=True),
    Column("expires_at", Moment, nullable=False, index=True),
)

# What a stock system is still to be told of a reservation: to set aside what is held, or let go.
DELIVERY = Table(
    "delivery",
    METADATA,
    Column("reservation_id", ForeignKey("reservation.id", ondelete="CASCADE"), primary_key=True),
    Column("system", String(40), primary_key=True),
    Column("is_release", Boolean, nullable=False),
    Column("version", Integer, nullable=False),
    Column("tries", Integer, nullable=False),
    Column("due_at", Moment, nullable=False, index=True),
    Column("leased_until", Moment),
)
