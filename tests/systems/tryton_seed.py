"""Books a small retailer into a fresh Tryton database; run with Tryton's own Python, by proteus.

    python tryton_seed.py CONFIG DATABASE USER PASSWORD

Everything is the same at every run, ids included; only dates follow the day it runs on, because
a delivery has to lie in the future. USER is the account the gateway signs in with: it may read
products, prices and stock, and is no administrator.
"""

import sys
import tomllib
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path

from proteus import Model, Wizard, config

_ASSORTMENT = Path(__file__).with_name("tryton_assortment.toml")
_NET_DIGITS = Decimal("0.0001")
_TODAY = datetime.now().astimezone().date()  # the day Tryton counts, on the same machine


def _find(model, *domain):
    (found,) = Model.get(model).find(list(domain), limit=1)
    return found


def _saved(model, **values):
    record = Model.get(model)()
    for name, value in values.items():
        setattr(record, name, value)
    record.save()
    return record


def _again(record):
    """Make another handle of a stored record; proteus lets one stand in a single list."""
    return type(record)(record.id)


def _company(session):
    """Open the company with its currency."""
    zloty = _saved(
        "currency.currency",
        name="Polish złoty",
        code="PLN",
        symbol="zł",
        digits=2,
        rounding=Decimal("0.01"),
    )
    wizard = Wizard("company.company.config")
    wizard.execute("company")
    wizard.form.party = _saved("party.party", name="Zielona Furtka")
    wizard.form.currency = zloty
    wizard.execute("add")
    user = Model.get("res.user")(session.user)
    user.groups.extend(Model.get("res.group").find([("id", "not in", [g.id for g in user.groups])]))
    user.save()
    session._context = Model.get("res.user").get_preferences(True, {})
    return _find("company.company")


def _accounts(session, company):
    """Draw up the books that sales and taxes are posted to."""
    root = ("account", "account_template_root_en")
    template = Model.get("ir.model.data").get_id(*root, session.context)
    wizard = Wizard("account.create_chart")
    wizard.execute("account")
    wizard.form.account_template = Model.get("account.account.template")(template)
    wizard.form.company = company
    wizard.execute("create_account")
    owned = ("company", "=", company.id)
    wizard.form.account_receivable = _find(
        "account.account", ("type.receivable", "=", True), ("party_required", "=", True), owned
    )
    wizard.form.account_payable = _find(
        "account.account", ("type.payable", "=", True), ("party_required", "=", True), owned
    )
    revenue = _find("account.account", ("type.revenue", "=", True), owned)
    expense = _find("account.account", ("type.expense", "=", True), owned)
    wizard.form.category_account_revenue = revenue
    wizard.form.category_account_expense = expense
    wizard.execute("create_properties")
    return revenue, expense, _find("account.account", ("code", "=", "6.3.6"), owned)


def _tax_categories(revenue, expense, tax_account):
    """Make one accounting category for each tax rate; products take their taxes from it."""
    categories = {}
    for percent in ("23", "8"):
        tax = _saved(
            "account.tax",
            name=f"VAT {percent} %",
            description=f"VAT {percent} %",
            type="percentage",
            rate=Decimal(percent) / 100,
            invoice_account=tax_account,
            credit_note_account=tax_account,
        )
        category = Model.get("product.category")(name=f"VAT {percent} %", accounting=True)
        category.account_revenue, category.account_expense = revenue, expense
        category.customer_taxes.append(tax)
        category.save()
        categories[percent] = category
    return categories


def _ean(number):
    """Make an EAN-13 in the range that GS1 leaves to shops for their own numbering (20 to 29)."""
    digits = f"29{number:010d}"
    check = -sum(int(digit) * (3 if place % 2 else 1) for place, digit in enumerate(digits)) % 10
    return digits + str(check)


def _products(book, tax_categories, polish):
    """Book every template with its variants, net prices to four digits, and its Polish name."""
    categories = {}
    for entry in book["category"]:
        categories[entry["code"]] = _saved("product.category", name=entry["name"])
        polish(categories[entry["code"]], name=entry["polish"])
    unit = _find("product.uom", ("symbol", "=", "u"))
    template_model = Model.get("product.template")
    products, number = {}, 0
    for entry in book["product"]:
        percent = entry.get("rate", "23")
        template = template_model(name=entry["name"], code=entry["code"])
        template.type = entry.get("kind", "goods")
        template.default_uom = unit
        template.salable = entry.get("salable", True)
        template.account_category = tax_categories[percent]
        template.categories.append(_again(categories[entry["category"]]))
        template.products.clear()
        for suffix, description, gross in entry["variants"]:
            number += 1
            product = template.products.new(suffix_code=f"-{suffix}", description=description)
            if gross:
                net = Decimal(gross) / (1 + Decimal(percent) / 100)
                product.list_price = net.quantize(_NET_DIGITS)
            product.identifiers.new(type="ean", code=_ean(number))
        template.save()
        polish(template, name=entry["polish"])
        products.update((product.code, product) for product in template.products)
    return products, categories


def _price_lists(products, categories, company):
    """Make the shop's prices, a week of reductions, and the same shop's prices with tax inside."""

    def price_list(name, tax_included, lines):
        record = Model.get("product.price_list")(name=name, price="list_price")
        record.company, record.tax_included = company, tax_included
        for line in lines:
            record.lines.new(**line)
        record.save()
        return record

    growing, watering = categories["growing"], categories["watering"]
    retail = price_list("Retail", False, [{"formula": "unit_price"}])
    price_list(
        "Garden week",
        False,
        [
            {"product": products["MOW-BT-42"], "formula": "unit_price * 0.75"},
            {"product": products["CON-QK-12"], "quantity": 5.0, "formula": "unit_price * 0.5"},
            {"category": watering, "formula": "unit_price * 0.8"},
            {"formula": "unit_price"},
        ],
    )
    price_list(
        "Counter, tax included",
        True,
        [
            {"product": products["POT-TC-14"], "formula": "12.99"},
            {"category": growing, "formula": "unit_price * 1.08"},
            {"formula": "unit_price * 1.23"},
        ],
    )
    settings = Model.get("sale.configuration")(1)
    settings.sale_price_list = retail
    settings.save()


def _warehouses(book, company):
    """Turn the warehouse every new database has into the first one, and build the others."""
    location_model = Model.get("stock.location")
    lost = _find("stock.location", ("type", "=", "lost_found"))
    poland = _saved("country.country", name="Poland", code="PL", code3="POL")
    warehouses = {}
    for entry in book["warehouse"]:
        first = not warehouses
        if first:
            warehouse = _find("stock.location", ("type", "=", "warehouse"))
        else:
            zones = {
                zone: _saved("stock.location", name=f"{entry['name']} {zone}", type="storage")
                for zone in ("input", "output", "storage")
            }
            warehouse = location_model(type="warehouse")
            warehouse.input_location = zones["input"]
            warehouse.output_location = zones["output"]
            warehouse.storage_location = zones["storage"]
            warehouse.lost_found_location = lost
        address = _saved(
            "party.address",
            party=company.party,
            street_unstructured=entry["street"],
            postal_code=entry["postal_code"],
            city=entry["city"],
            country=poland,
        )
        warehouse.name, warehouse.code = entry["name"], entry["code"]
        warehouse.address, warehouse.allow_pickup = address, entry["pickup"]
        warehouse.save()
        warehouses[entry["code"]] = warehouse
    return warehouses, poland


def _count_stock(session, products, warehouses):
    """Count every warehouse; shops carry less than the central one, and not everything."""
    inventory_model = Model.get("stock.inventory")
    counts = []
    for place, (code, warehouse) in enumerate(warehouses.items()):
        lines = []
        for number, product in enumerate(products):
            spread = (number * 7 + place * 11) % 13
            quantity = 40 + spread * 9 if code == "CENTRAL" else max(0, spread - 2)
            if quantity:
                lines.append({"product": product.id, "quantity": float(quantity)})
        counts.append(
            {
                "location": warehouse.storage_location.id,
                "date": _TODAY,
                "empty_quantity": "keep",
                "lines": [("create", lines)],
            }
        )
    # Straight to the system: proteus would ask it for every line's defaults, one by one.
    created = inventory_model._proxy.create(counts, session.context)
    inventory_model.click([inventory_model(number) for number in created], "confirm")


def _ship_at_once(customer, warehouse, rows):
    """Sell from the shelf; what the books do not hold yet goes below zero."""
    shipment = Model.get("stock.shipment.out")(customer=customer, warehouse=warehouse)
    shop_door = _find("stock.location", ("type", "=", "customer"))
    for product, quantity in rows:
        move = shipment.outgoing_moves.new(product=product, quantity=float(quantity))
        move.from_location, move.to_location = warehouse.output_location, shop_door
        move.unit_price, move.currency = product.list_price, shipment.company.currency
    shipment.save()
    for step in ("wait", "assign_force", "pick", "pack", "do"):
        shipment.click(step)


def _transfer(source, target, rows):
    """Ask for goods from one place at another; they wait to be sent."""
    shipment = Model.get("stock.shipment.internal")()
    shipment.from_location, shipment.to_location = source, target
    shipment.planned_date = _days(3)
    for product, quantity in rows:
        move = shipment.moves.new(product=product, quantity=float(quantity))
        move.from_location, move.to_location = source, target
    shipment.save()
    shipment.click("wait")


def _expect(rows, company):
    """Order from the supplier."""
    supplier = _find("stock.location", ("type", "=", "supplier"))
    for product, quantity, warehouse, days in rows:
        move = Model.get("stock.move")(product=product, quantity=float(quantity))
        move.from_location, move.to_location = supplier, warehouse.input_location
        move.planned_date = _days(days)
        move.unit_price, move.currency = Decimal("10.0000"), company.currency
        move.save()


def _owe(customer_place, rows, company):
    """Leave goods unsent whose day is past."""
    for product, quantity, warehouse in rows:
        move = Model.get("stock.move")(product=product, quantity=float(quantity))
        move.from_location, move.to_location = warehouse.storage_location, customer_place
        move.planned_date = _days(-1)
        move.unit_price, move.currency = Decimal("10.0000"), company.currency
        move.save()


def _movements(products, warehouses, customer, company):
    central, warsaw, krakow = (warehouses[code] for code in ("CENTRAL", "WAW", "KRK"))
    _ship_at_once(customer, warsaw, [(products["GLV-LT-M"], 25), (products["SEC-BY-16"], 1)])
    _ship_at_once(customer, krakow, [(products["SPD-PT-L"], 17)])
    _transfer(
        central.storage_location,
        krakow.storage_location,
        [(products["SPR-PU-05"], 6), (products["SPD-PT-L"], 20)],
    )
    _expect(
        [
            (products["GLV-LT-M"], 120, central, 30),
            (products["MOW-BT-42"], 8, central, 45),
            (products["MOW-BT-42"], 4, warsaw, 60),
            (products["SOI-UN-80"], 200, central, 90),
        ],
        company,
    )
    shop_door = _find("stock.location", ("type", "=", "customer"))
    _owe(shop_door, [(products["POT-TC-14"], 3, central)], company)


def _days(count):
    return _TODAY + timedelta(days=count)


def _customers(book, poland):
    names = book["customers"]
    customers = []
    for number, given in enumerate(names["given"]):
        family = names["family"][number * 3 % len(names["family"])]
        party = Model.get("party.party")(name=f"{given} {family}")
        (address,) = party.addresses or [party.addresses.new()]
        shop = book["warehouse"][number % len(book["warehouse"])]
        address.street_unstructured = f"Lipowa {number + 1}"
        address.postal_code, address.city = shop["postal_code"], shop["city"]
        address.country = poland
        party.contact_mechanisms.new(type="email", value=f"customer{number + 1:02d}@example.com")
        party.contact_mechanisms.new(type="mobile", value=f"+48 600 000 {number:03d}")
        party.save()
        customers.append(party)
    return customers


def _sales(customers, products, warehouses, count):
    """Confirm orders; what they take is allocated in their warehouse until it is shipped."""
    sale_model = Model.get("sale.sale")
    goods = [product for product in products if product.list_price is not None]
    places = list(warehouses.values())
    sales = []
    for number in range(count):
        sale = sale_model(party=customers[number * 7 % len(customers)])
        sale.warehouse = places[number % len(places)]
        sale.invoice_method, sale.reference = "manual", f"WEB-{number + 1:04d}"
        for step in range(1 + number % 4):
            line = sale.lines.new(product=goods[(number * 5 + step * 17) % len(goods)])
            line.quantity = float(1 + (number + step) % 3)
        sale.save()
        sales.append(sale)
    for step in ("quote", "confirm", "process"):
        sale_model.click([sale for sale in sales if sale.state != "processing"], step)


def _account(name, password, company):
    """Let the gateway in: a user of the company that sells and sees stock, and nothing more."""
    user = Model.get("res.user")(name="Gateway", login=name, password=password)
    for group in ("Sales", "Stock"):
        user.groups.append(_find("res.group", ("name", "=", group)))
    user.companies.append(company)
    user.company = company
    user.save()


def main(config_file, database, user, password):
    """Book everything."""
    session = config.set_trytond(database, config_file=config_file)
    session.skip_warning = True
    book = tomllib.loads(_ASSORTMENT.read_text(encoding="utf-8"))

    def polish(record, **values):
        with session.set_context(language="pl"):
            type(record)._proxy.write([record.id], values, session.context)

    company = _company(session)
    tax_categories = _tax_categories(*_accounts(session, company))
    products, categories = _products(book, tax_categories, polish)
    _price_lists(products, categories, company)
    warehouses, poland = _warehouses(book, company)
    kept = [product for product in products.values() if product.template.type == "goods"]
    _count_stock(session, kept, warehouses)
    customers = _customers(book, poland)
    _movements(products, warehouses, customers[0], company)
    sold = [product for product in kept if product.template.salable]
    _sales(customers, sold, warehouses, count=40)
    _account(user, password, company)


if __name__ == "__main__":
    main(*sys.argv[1:])
