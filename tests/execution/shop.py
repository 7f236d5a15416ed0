"""A small shop in memory: ports at the narrowest waist, for tests over the published schema."""

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

from msgspec import structs

from domain.ask import Ask
from domain.assortment import Assortment
from domain.attribute import (
    BooleanAttribute,
    CodedAttribute,
    FibreShare,
    NumberAttribute,
    TextAttribute,
)
from domain.availability import StockLevel, Supply
from domain.category import ROOT, Category
from domain.consent import Consent, ConsentPurpose, ConsentState
from domain.customer import Customer, PersonName, Trait
from domain.deadline import Duration
from domain.errors import SourceTimeout
from domain.facet import (
    ChoiceCount,
    ChoiceFacet,
    FacetQuery,
    Facets,
    FlagFacet,
    NumberFacet,
    PriceFacet,
)
from domain.filter import ProductQuery, ProductSelection
from domain.fulfillment import FulfilledLine, Fulfillment, FulfillmentKind, FulfillmentState
from domain.identity import node_id
from domain.interaction import Interaction, InteractionKind, InteractionQuery
from domain.location import Address, GeoPoint, Location, LocationKind, LocationQuery
from domain.loyalty import LedgerQuery, LoyaltyAccount, LoyaltyEntry, LoyaltyEntryKind
from domain.money import Money, Price
from domain.offer import Offer, PriceRule, Reduction
from domain.order import Order, OrderLine, OrderQuery, OrderState
from domain.page import Page
from domain.policy import Category as PolicyCategory
from domain.policy import Classification, Condition, Decision, Grant, Terms, View
from domain.port import Ports
from domain.price import PriceEntry, PriceHistory, PriceKind
from domain.product import Media, Option, Product, Variant
from domain.provenance import Lifetime, Provenance
from domain.shipment import Shipment, ShipmentEvent, ShipmentState
from domain.viewer import PolicyClass, Purpose, Role, Viewer
from execution.context import Context
from execution.market import Settings
from execution.request import Asked, Contexts
from storage.cursor import SealedCursors

NOW = datetime.now(UTC)
FROM = Provenance("erp", NOW, Lifetime(timedelta(minutes=5), timedelta(days=1)))
OLD = Provenance("erp", NOW - timedelta(hours=1), FROM.lifetime)
SKUS = [f"S{number}" for number in range(12)]
_WEIGHT = NumberAttribute(code="w", name="Weight", value="3", number=Decimal(3), unit="kg")
_LINED = BooleanAttribute(code="l", name="Lined", value="yes", is_true=True)
_FIT = CodedAttribute(code="f", name="Fit", value="slim", locale="en", choice="SLM")
_MODEL = TextAttribute(code="m", name="Model", value="Ada")


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
            category=here,
            facet=here,
            price_history=here,
            assortment=here,
            offer=here,
            stock=here,
            location=here,
            customer=here,
            loyalty=here,
            order=here,
            interaction=here,
            shipment=here,
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

    async def variant_by_gtin(self, gtins: Sequence[str], ask: Ask) -> Mapping[str, Variant]:
        return self._found("variant_by_gtin", gtins, ask, lambda sku: _asked(_variant(sku), ask))

    async def products_by_query(
        self, queries: Sequence[ProductQuery], ask: Ask
    ) -> Mapping[ProductQuery, Page[Product]]:
        def page(query: ProductQuery) -> Page[Product]:
            keys = [f"erp:{number}" for number in range(4)][: query.page.first]
            items = [product for key in keys if (product := _product(key, ask))]
            return Page(tuple(items), tuple(keys), has_next=True)

        return self._found("products_by_query", queries, ask, page)

    async def product_count_by_query(
        self, selections: Sequence[ProductSelection], ask: Ask
    ) -> Mapping[ProductSelection, int]:
        return self._found("product_count_by_query", selections, ask, lambda _: 4)

    async def facets_by_query(
        self, queries: Sequence[FacetQuery], ask: Ask
    ) -> Mapping[FacetQuery, Facets]:
        return self._found("facets_by_query", queries, ask, _facets)

    async def category_by_key(self, keys: Sequence[str], ask: Ask) -> Mapping[str, Category]:
        return self._found("category_by_key", keys, ask, _category)

    async def categories_by_parent(
        self, parents: Sequence[str], ask: Ask
    ) -> Mapping[str, Sequence[Category]]:
        def below(parent: str) -> list[Category] | None:
            number = -1 if parent == ROOT else _number(parent)
            if number is None:
                return None
            found = _category(f"erp:c{number + 1}")
            return [found] if found is not None and number < 3 else []

        return self._found("categories_by_parent", parents, ask, below)

    async def product_count_by_category(self, keys: Sequence[str], ask: Ask) -> Mapping[str, int]:
        return self._found("product_count_by_category", keys, ask, _number)

    async def price_history_by_sku(
        self, skus: Sequence[str], ask: Ask
    ) -> Mapping[str, PriceHistory]:
        return self._found("price_history_by_sku", skus, ask, _history)

    async def skus_by_location(self, keys: Sequence[str], ask: Ask) -> Mapping[str, Assortment]:
        def there(key: str) -> Assortment:
            return Assortment(
                key, dict.fromkeys(SKUS, 1), is_complete=key != "wms:L1", provenance=FROM
            )

        return self._found("skus_by_location", keys, ask, there)

    async def offer_by_sku(self, skus: Sequence[str], ask: Ask) -> Mapping[str, Offer]:
        return self._found("offer_by_sku", skus, ask, lambda sku: _asked(_offer(sku), ask))

    async def stock_by_sku(
        self, skus: Sequence[str], ask: Ask
    ) -> Mapping[str, Sequence[StockLevel]]:
        return self._found("stock_by_sku", skus, ask, _stock)

    async def location_by_key(self, keys: Sequence[str], ask: Ask) -> Mapping[str, Location]:
        return self._found("location_by_key", keys, ask, _location)

    async def locations_by_query(
        self, queries: Sequence[LocationQuery], ask: Ask
    ) -> Mapping[LocationQuery, Page[Location]]:
        return {query: Page((), (), has_next=False, total=0) for query in queries}

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

    async def order_by_number(self, numbers: Sequence[str], ask: Ask) -> Mapping[str, Order]:
        return self._found("order_by_number", numbers, ask, _order)

    async def customers_by_trait(
        self, traits: Sequence[Trait], ask: Ask
    ) -> Mapping[Trait, Sequence[Customer]]:
        def some(trait: Trait) -> tuple[Customer, ...] | None:
            keys = {"none": (), "erp": ("crm:c1",)}.get(trait.value, ("crm:c1", "crm:c2"))
            return tuple(found for key in keys if (found := _customer(key))) or None

        return self._found("customers_by_trait", traits, ask, some)

    async def ledger_by_account(
        self, queries: Sequence[LedgerQuery], ask: Ask
    ) -> Mapping[LedgerQuery, Page[LoyaltyEntry]]:
        rows = (
            LoyaltyEntry(
                key="crm:l1:2", kind=LoyaltyEntryKind.EARN, points=9, at=NOW, order_key="erp:o1",
                provenance=FROM,
            ),
            LoyaltyEntry(
                key="crm:l1:1", kind=LoyaltyEntryKind.REDEEM, points=-2, at=NOW, provenance=OLD
            ),
        )  # fmt: skip
        return self._found(
            "ledger_by_account", queries, ask,
            lambda query: Page(rows[: query.page.first], ("2", "1")[: query.page.first], False),
        )  # fmt: skip

    async def interactions_by_customer(
        self, queries: Sequence[InteractionQuery], ask: Ask
    ) -> Mapping[InteractionQuery, Page[Interaction]]:
        def page(query: InteractionQuery) -> Page[Interaction]:
            said = Interaction(
                key="crm:i1", customer_key=query.customer_key, kind=InteractionKind.CALL, at=NOW,
                text="x", order_key="erp:o2", provenance=FROM,
            )  # fmt: skip
            return Page((said,), ("i1",), has_next=True)

        return self._found("interactions_by_customer", queries, ask, page)

    async def shipment_by_tracking(
        self, numbers: Sequence[str], ask: Ask
    ) -> Mapping[str, Shipment]:
        event = ShipmentEvent(ShipmentState.DELIVERED, NOW, "x")
        return self._found(
            "shipment_by_tracking", numbers, ask,
            lambda key: Shipment(tracking_number=key, events=(event,), provenance=OLD),
        )  # fmt: skip


IDS = [
    node_id("Product", "erp:1"),
    node_id("Product", "erp:none"),
    node_id("Variant", "S3"),
    node_id("Category", "erp:c2"),
    node_id("Location", "wms:L1"),
    node_id("Customer", "crm:c1"),
    node_id("Customer", "crm:c2"),
    node_id("Order", "erp:o1"),
    node_id("Order", "erp:o2"),
    node_id("LoyaltyAccount", "crm:l1"),
    "nonsense",
]


_MINE = Grant(View.FULL, frozenset((Condition.OWN,)))
_OWN_OR_MASKED = Decision((_MINE, Grant(View.MASKED)))


class Policy:
    """A small policy that has of everything: full, masked, own, denied, and mixtures of them.

    An agent sees all but birthdays, names and addresses masked; a customer what is theirs, contact
    not even then, and everybody's name masked.
    """

    def __init__(self, classification: Classification) -> None:
        self._classification = classification

    def decide(self, parent_type: str, field: str, policy_class: PolicyClass) -> Decision:
        label = self._classification.fields.get((parent_type, field))
        if (parent_type, field) in self._classification.along:
            return self.decide_type(parent_type, policy_class)
        if label is None:
            return Decision.ALLOW
        category, role = label.category, policy_class.role
        if role is Role.AGENT:
            if category in (PolicyCategory.NAME, PolicyCategory.ADDRESS):
                return Decision((Grant(View.MASKED),)) if label.is_text else Decision.DENY
            return Decision.DENY if category is PolicyCategory.BIRTH else Decision.ALLOW
        if category is PolicyCategory.OPERATIONAL:
            return Decision.DENY
        if role is Role.CUSTOMER:
            if category is PolicyCategory.NAME and label.is_text:
                return _OWN_OR_MASKED
            return Decision.DENY if category is PolicyCategory.CONTACT else Decision.OWN
        return Decision.DENY

    def decide_type(self, type_name: str, policy_class: PolicyClass) -> Decision:
        if type_name not in self._classification.person_types:
            return Decision.ALLOW
        if policy_class.role is Role.AGENT:
            return Decision.ALLOW
        if policy_class.role is Role.CUSTOMER:
            return _OWN_OR_MASKED if type_name.startswith("Customer") else Decision.OWN
        return Decision.DENY

    def explain(self, parent_type: str, field: str, policy_class: PolicyClass) -> Mapping[str, str]:
        return {}

    def terms(self, type_name: str, policy_class: PolicyClass) -> Terms:
        if type_name not in self._classification.person_types:
            return frozenset()
        return frozenset((_MINE.when,)) if policy_class.role is Role.CUSTOMER else frozenset()


_CURSORS = SealedCursors()
VIEWERS = [
    Viewer(role=Role.ANONYMOUS),
    Viewer(role=Role.CUSTOMER, customer="crm:c1"),
    Viewer(role=Role.CUSTOMER, customer="crm:none"),
    Viewer(role=Role.AGENT, purposes=(Purpose.CUSTOMER_SERVICE,)),
]


def context(shop: Shop, policy: Any, viewer: Viewer, seconds: float = 20) -> Context:
    """Open the context of one operation."""
    settings = Settings(
        markets={"PL": ["PLN"], "DE": ["EUR"]}, languages=["pl", "en"], timeout=Duration(seconds)
    )
    contexts = Contexts(
        settings, shop.ports(), policy, systems=("erp", "wms", "crm"), cursors=_CURSORS
    )
    opened = contexts.open(viewer, Asked(), "request")
    opened.now = NOW
    return opened


def _asked(thing: Any, ask: Ask) -> Any:
    """Leave out what was not asked for, as an adapter may: what has a default can be left out."""
    if thing is None or ask.fields is None:
        return thing
    optional = {each.name for each in structs.fields(thing) if not each.required}
    left_out: dict[str, Any] = dict.fromkeys(optional - ask.fields, Unasked())
    # The loaders remember what came with a product or a variant; here nothing came.
    for name, nothing in (("variants", ()), ("style", None)):
        if name in left_out:
            left_out[name] = nothing
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
        category=_category(f"erp:c{number}"),
        attributes=(_WEIGHT, _LINED, _FIT, _MODEL)[: number % 5],
        composition=(FibreShare("CO", "cotton", Decimal(100)),) * (number % 2),
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
        options=(Option("size", "Size", "M", "M"),),
        provenance=OLD if number % 7 == 2 else FROM,
    )


def _offer(sku: str) -> Offer | None:
    number = _number(sku)
    if number is None or number % 5 == 4:
        return None
    gross = Price.containing(Money(1000 + number, "PLN"), Decimal(23))
    listed = Price.containing(Money(1000 + number % 3 * 500, "PLN"), Decimal(23))
    return Offer(
        sku=sku,
        price=gross,
        list_price=listed if number % 3 else gross,
        applied_reductions=(Reduction(PriceRule.SALE, Money(5, "PLN")),) * (number % 3),
        version="1",
        provenance=FROM,
    )


def _history(sku: str) -> PriceHistory | None:
    number = _number(sku)
    if number is None or number == 7:
        return None
    was = Price.containing(Money(1500, "PLN"), Decimal(23))
    paid = Price.containing(Money(1000 + number, "PLN"), Decimal(23))
    begun = NOW - timedelta(days=9)
    return PriceHistory(
        sku,
        (
            PriceEntry(price=was, kind=PriceKind.REGULAR, starts_at=NOW - timedelta(days=99)),
            PriceEntry(price=paid, kind=PriceKind.REDUCTION, starts_at=begun),
        ),
        FROM,
    )


def _category(key: str) -> Category | None:
    number = _number(key)
    if number is None:
        return None
    parent = None if number == 3 else ROOT if number == 0 else f"erp:c{number - 1}"
    return Category(
        key=key, code=f"c{number}", name=f"Category {number}", parent_key=parent, provenance=FROM
    )


def _facets(query: FacetQuery) -> Facets:
    every = (
        ChoiceFacet(code="brand", count=2, choices=(ChoiceCount("B", "Brand", 2),)),
        NumberFacet(code="heel", name="Heel", count=1, min=Decimal(1), max=Decimal(9), unit="cm"),
        FlagFacet(code="reduced", count=1),
        PriceFacet(code="price", count=2, lowest=Money(1, "PLN"), highest=Money(9, "PLN")),
    )
    wanted = query.codes
    return Facets(4, tuple(f for f in every if wanted is None or f.code in wanted), FROM)


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
        consents=(Consent(ConsentPurpose.PROFILING, ConsentState.GRANTED, NOW),),
        segments=("VIP",),
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
        location_key="wms:L1",
        receipt_key=f"pos:r{number}" if number == 2 else None,
        fulfillments=(
            Fulfillment(
                number="f",
                kind=FulfillmentKind.SHIPMENT,
                state=FulfillmentState.DONE,
                location_key="wms:L2",
                lines=(FulfilledLine("1", Decimal(1)),),
                opened_at=NOW,
                tracking_number=f"S{number}",
            ),
        ),
        provenance=FROM,
    )
