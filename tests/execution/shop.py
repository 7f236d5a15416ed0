"""A small shop in memory: ports at the narrowest waist, for tests over the published schema."""

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

from msgspec import structs

from domain.ask import Ask
from domain.availability import StockLevel, Supply
from domain.customer import Customer, PersonName
from domain.deadline import Duration
from domain.errors import SourceTimeout
from domain.identity import node_id
from domain.location import Address, GeoPoint, Location, LocationKind
from domain.loyalty import LoyaltyAccount
from domain.money import Money, Price
from domain.offer import Offer
from domain.order import Order, OrderLine, OrderQuery, OrderState
from domain.page import Page
from domain.policy import Category, Classification, Decision
from domain.port import Ports
from domain.product import AttributeValue, Media, Option, Product, ProductQuery, Variant
from domain.provenance import Lifetime, Provenance
from domain.viewer import PolicyClass, Purpose, Role, Viewer
from execution.context import Asked, Context, Contexts, Settings

NOW = datetime.now(UTC)
FROM = Provenance("erp", NOW, Lifetime(timedelta(minutes=5), timedelta(days=1)))
OLD = Provenance("erp", NOW - timedelta(hours=1), FROM.lifetime)
SKUS = [f"S{number}" for number in range(12)]


class Unasked:
    """Stands where an attribute was not asked for: whoever reads it has found a mistake."""

    def __getattribute__(self, name: str) -> Any:
        raise AssertionError("an attribute was read that the operation did not ask for")

    def __iter__(self) -> Any:
        raise AssertionError("an attribute was read that the operation did not ask for")


class Shop:
    """Every port at once. *Shape*: ``trouble`` names the SKUs and keys whose reading fails."""

    def __init__(self, trouble: frozenset[str] = frozenset()) -> None:
        self.trouble = trouble
        self.asked: list[tuple[str, int, frozenset[str] | None]] = []

    def ports(self) -> Ports:
        """Serve everything."""
        here: Any = self
        return Ports(
            product=here,
            offer=here,
            stock=here,
            location=here,
            customer=here,
            loyalty=here,
            order=here,
        )

    def _found(
        self, call: str, keys: Sequence[Any], ask: Ask, make: Callable[[Any], Any]
    ) -> dict[Any, Any]:
        self.asked.append((call, len(keys), ask.fields))
        if self.trouble & set(map(str, keys)):
            raise SourceTimeout("erp", call, "no answer")
        found = {key: make(key) for key in keys}
        return {key: value for key, value in found.items() if value is not None}

    async def product_by_key(self, keys: Sequence[str], ask: Ask) -> Mapping[str, Product]:
        return self._found("product_by_key", keys, ask, lambda key: _product(key, ask))

    async def variant_by_sku(self, skus: Sequence[str], ask: Ask) -> Mapping[str, Variant]:
        return self._found("variant_by_sku", skus, ask, lambda sku: _asked(_variant(sku), ask))

    async def products_by_query(
        self, queries: Sequence[ProductQuery], ask: Ask
    ) -> Mapping[ProductQuery, Page[Product]]:
        def page(query: ProductQuery) -> Page[Product]:
            keys = [f"erp:{number}" for number in range(4)][: query.page.first]
            items = [product for key in keys if (product := _product(key, ask))]
            return Page(tuple(items), tuple(keys), has_next=True)

        return self._found("products_by_query", queries, ask, page)

    async def offer_by_sku(self, skus: Sequence[str], ask: Ask) -> Mapping[str, Offer]:
        return self._found("offer_by_sku", skus, ask, lambda sku: _asked(_offer(sku), ask))

    async def stock_by_sku(
        self, skus: Sequence[str], ask: Ask
    ) -> Mapping[str, Sequence[StockLevel]]:
        return self._found("stock_by_sku", skus, ask, _stock)

    async def location_by_key(self, keys: Sequence[str], ask: Ask) -> Mapping[str, Location]:
        return self._found("location_by_key", keys, ask, _location)

    async def customer_by_key(self, keys: Sequence[str], ask: Ask) -> Mapping[str, Customer]:
        return self._found("customer_by_key", keys, ask, _customer)

    async def loyalty_by_customer(
        self, keys: Sequence[str], ask: Ask
    ) -> Mapping[str, LoyaltyAccount]:
        return self._found("loyalty_by_customer", keys, ask, _loyalty)

    async def loyalty_by_key(self, keys: Sequence[str], ask: Ask) -> Mapping[str, LoyaltyAccount]:
        return self._found("loyalty_by_key", keys, ask, _loyalty)

    async def order_by_key(self, keys: Sequence[str], ask: Ask) -> Mapping[str, Order]:
        return self._found("order_by_key", keys, ask, _order)

    async def orders_by_customer(
        self, queries: Sequence[OrderQuery], ask: Ask
    ) -> Mapping[OrderQuery, Page[Order]]:
        def page(query: OrderQuery) -> Page[Order]:
            keys = ["erp:o1", "erp:o2"][: query.page.first]
            return Page(tuple(_order(key) for key in keys), tuple(keys), has_next=False)

        return self._found("orders_by_customer", queries, ask, page)


IDS = [
    node_id("Product", "erp:1"),
    node_id("Product", "erp:none"),
    node_id("Variant", "S3"),
    node_id("Location", "wms:L1"),
    node_id("Customer", "crm:c1"),
    node_id("Customer", "crm:c2"),
    node_id("Order", "erp:o1"),
    node_id("Order", "erp:o2"),
    node_id("LoyaltyAccount", "crm:l1"),
    "nonsense",
]


class Policy:
    """A small policy: what is classified is the viewer's own, all of it an agent's."""

    def __init__(self, classification: Classification) -> None:
        self._classification = classification

    def decide(self, parent_type: str, field: str, policy_class: PolicyClass) -> Decision:
        category = self._classification.fields.get((parent_type, field))
        if category is None:
            return Decision.ALLOW
        if policy_class.role is Role.AGENT:
            return Decision.DENY if category is Category.BIRTH else Decision.ALLOW
        if category is Category.OPERATIONAL:
            return Decision.DENY
        if policy_class.role is Role.CUSTOMER:
            return Decision.DENY if category is Category.CONTACT else Decision.OWN
        return Decision.DENY

    def decide_type(self, type_name: str, policy_class: PolicyClass) -> Decision:
        if type_name not in self._classification.person_types:
            return Decision.ALLOW
        if policy_class.role is Role.AGENT:
            return Decision.ALLOW
        return Decision.OWN if policy_class.role is Role.CUSTOMER else Decision.DENY


VIEWERS = [
    Viewer(role=Role.ANONYMOUS),
    Viewer(role=Role.CUSTOMER, customer="crm:c1"),
    Viewer(role=Role.CUSTOMER, customer="crm:none"),
    Viewer(role=Role.AGENT, purposes=(Purpose.CUSTOMER_SERVICE,)),
]


def context(shop: Shop, policy: Any, viewer: Viewer) -> Context:
    """Open the context of one operation."""
    settings = Settings(
        markets={"PL": ["PLN"], "DE": ["EUR"]}, languages=["pl", "en"], timeout=Duration(20)
    )
    contexts = Contexts(settings, shop.ports(), policy, systems=("erp", "wms", "crm"))
    opened = contexts.open(viewer, Asked(), "request")
    opened.now = NOW
    return opened


def _asked(thing: Any, ask: Ask) -> Any:
    """Leave out what was not asked for, as an adapter may: what has a default can be left out."""
    if thing is None or ask.fields is None:
        return thing
    optional = {each.name for each in structs.fields(thing) if not each.required}
    left_out: dict[str, Any] = dict.fromkeys(optional - ask.fields, Unasked())
    if "variants" in left_out:
        # The loader remembers the variants that came with a product; here none came.
        left_out["variants"] = ()
    return structs.replace(thing, **left_out)


def _number(key: str) -> int | None:
    digits = key.rpartition(":")[2].lstrip("SLcol")
    return int(digits) if digits.isdigit() else None


def _product(key: str, ask: Ask) -> Product | None:
    number = _number(key)
    if number is None:
        return None
    product = Product(
        key=key,
        code=f"P{number}",
        name=f"Product {number}",
        locale="pl",
        description=None if number % 2 else "Good.",
        brand="Brand",
        attributes=(AttributeValue("weight", "3", "kg"),) * (number % 3),
        media=(Media(f"https://example.com/{number}"),),
        variants=tuple(_variant(sku) for sku in SKUS[number * 3 : number * 3 + 3]),
        provenance=OLD if number == 1 else FROM,
    )
    found: Product = _asked(product, ask)
    return found


def _variant(sku: str) -> Any:
    number = _number(sku)
    if number is None:
        return None
    return Variant(
        sku=sku,
        product_key=f"erp:{number // 3}",
        name=f"Variant {number}",
        gtins=("5901234123457",) * (number % 2),
        options=(Option("size", "M"),),
        provenance=OLD if number % 7 == 2 else FROM,
    )


def _offer(sku: str) -> Offer | None:
    number = _number(sku)
    if number is None or number % 5 == 4:
        return None
    gross = Price.containing(Money(1000 + number, "PLN"), Decimal(23))
    return Offer(sku=sku, price=gross, list_price=gross, version="1", provenance=FROM)


def _stock(sku: str) -> list[StockLevel] | None:
    number = _number(sku)
    if number is None:
        return None
    return [
        StockLevel(
            sku=sku,
            location_key=f"wms:L{place}",
            on_hand=number * place - 1,
            incoming=(Supply(5, NOW),) * (place % 2),
            provenance=FROM,
        )
        for place in range(number % 4)
    ]


def _location(key: str) -> Location | None:
    number = _number(key)
    if number is None or number == 2:
        return None
    return Location(
        key=key,
        name=f"Place {number}",
        kind=LocationKind.STORE,
        address=Address(lines=("Street 1",), city="Łódź"),
        coordinates=GeoPoint(51.0 + number, 19.0),
        provenance=FROM,
    )


def _customer(key: str) -> Customer | None:
    number = _number(key)
    if number is None:
        return None
    return Customer(
        key=key,
        number=f"C{number}",
        name=PersonName("Ala Nowak"),
        email="ala@example.com",
        birth_date=date(1990, 1, number),
        addresses=(Address(lines=("Street 2",)),),
        identities=(key, f"erp:c{number}"),
        provenance=OLD,
    )


def _loyalty(key: str) -> LoyaltyAccount | None:
    number = _number(key)
    if number is None:
        return None
    return LoyaltyAccount(
        key=f"crm:l{number}", customer_key=f"crm:c{number}", points=7, provenance=FROM
    )


def _order(key: str) -> Any:
    number = _number(key)
    if number is None:
        return None
    total = Money(2_000, "PLN")
    return Order(
        key=key,
        number=f"O{number}",
        state=OrderState.OPEN,
        placed_at=NOW,
        customer_key=f"erp:c{number}",
        lines=(
            OrderLine(
                position="1", sku=f"S{number}", name="x", quantity=Decimal("1.5"), total=total
            ),
            OrderLine(position="2", sku=None, name=None, quantity=Decimal(1), total=total),
        ),
        total=total,
        provenance=FROM,
    )
