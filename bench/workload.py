"""What is asked: the documents, their variables in turn, and who asks."""

import base64
import itertools
from collections.abc import Callable, Iterator
from typing import Any

import orjson
from msgspec import Struct

from bench import retailer
from domain.filter import EVERYTHING, ProductSort
from domain.page import page_request

PAGE = 50

_LISTING = """
query Listing($search: String, $first: Int!, $after: String) {
  products(search: $search, first: $first, after: $after) {
    nodes {
      id code name brand
      category { code name }
      media { url alt }
      variants {
        id sku name
        offer {
          price { gross { minor currency } }
          listPrice { gross { minor currency } }
          isReduced
        }
        availability {
          band isAvailable
          locations(first: 5) { band stock { onHand available } }
        }
      }
    }
    pageInfo { hasNextPage endCursor }
  }
}
"""
_DETAIL = """
query Detail($id: ID!) {
  product(id: $id) {
    id code name description brand
    category { code name }
    attributes { name value unit }
    media { url alt }
    variants {
      id sku name gtins
      options { name value }
      offer {
        price { gross { minor currency } net { minor currency } tax { minor currency } }
        listPrice { gross { minor currency } }
        isReduced
      }
      availability { band isAvailable locations(first: 5) { band } }
    }
  }
}
"""
_AGENT = """
query Agent($id: ID!) {
  customer(id: $id) {
    id number
    loyalty { number points tier }
    orders(first: 10) {
      nodes {
        id number state placedAt channel
        total { minor currency }
        lines {
          position name quantity
          total { minor currency }
          variant {
            sku name
            media { url alt }
            offer { price { gross { minor currency } } }
          }
        }
      }
      pageInfo { hasNextPage }
    }
  }
}
"""
_HELLO = """
query Hello { viewer { role } }
"""


class Workload(Struct, frozen=True, kw_only=True):
    """One kind of request.

    *Shape*: ``variables`` in turn, so that no contender answers the same twice in a row;
    ``is_staff`` sends the agent's token; ``is_warm`` asks contenders whose own cache is on;
    ``is_cold`` names the operation anew in every request, so that no document is known.
    """

    name: str
    says: str
    document: str
    variables: tuple[dict[str, Any], ...]
    connections: int = 8
    is_staff: bool = False
    is_warm: bool = False
    is_cold: bool = False

    @property
    def operation(self) -> str:
        """The operation's name."""
        return self.document.split("query ")[1].split("(")[0].split(" ")[0]

    def bodies(self) -> list[bytes]:
        """The bodies of its requests, one for each of its variables."""
        return [self._body(self.document, self.operation, each) for each in self.variables]

    def cold_bodies(self) -> Callable[[], bytes]:
        """Make bodies whose documents nobody has seen before, in this run."""
        marked = self.operation + "0" * 9
        document = self.document.replace(f"query {self.operation}", f"query {marked}", 1)
        templates = [self._body(document, marked, each) for each in self.variables]
        turns: Iterator[tuple[bytes, int]] = zip(itertools.cycle(templates), itertools.count(1))

        def body() -> bytes:
            template, number = next(turns)
            return template.replace(b"0" * 9, b"%09d" % number)

        return body

    def _body(self, document: str, operation: str, variables: dict[str, Any]) -> bytes:
        return orjson.dumps({"operationName": operation, "query": document, "variables": variables})


def _pages(search: str | None, styles: int) -> tuple[dict[str, Any], ...]:
    request = page_request(PAGE, None, "products", search, EVERYTHING, ProductSort.RELEVANCE)
    return tuple(
        {"search": search, "first": PAGE, "after": request.cursor(str(skip)) if skip else None}
        for skip in range(0, styles, PAGE)
    )


def _ids(kind: str, keys: list[str]) -> tuple[dict[str, Any], ...]:
    return tuple({"id": node_id(kind, key)} for key in keys)


def node_id(kind: str, key: str) -> str:
    """Write a global id as the gateway does."""
    return _opaque(f"{kind}:{key}")


def _opaque(text: str) -> str:
    return base64.urlsafe_b64encode(text.encode()).rstrip(b"=").decode()


_PRODUCTS = _ids("Product", [f"erp:{style}" for style in retailer.styles(bulk=False)])
_SINGLE_PAGES = _pages(None, retailer.SINGLE_STYLES)

WORKLOADS = (
    Workload(
        name="listing",
        says="50 products, price, stock in 5 locations; nothing cached",
        document=_LISTING,
        variables=_SINGLE_PAGES,
        is_staff=True,
    ),
    Workload(
        name="detail",
        says="one product, price, stock in 5 locations; nothing cached",
        document=_DETAIL,
        variables=_PRODUCTS,
    ),
    # Next to the detail, whose cost is taken off from its own.
    Workload(
        name="cold",
        says="the detail, with a document that was never seen",
        document=_DETAIL,
        variables=_PRODUCTS,
        is_cold=True,
    ),
    Workload(
        name="agent360",
        says="customer, loyalty, 10 orders of 3 lines, their variants and prices; nothing cached",
        document=_AGENT,
        variables=_ids("Customer", [f"crm:{key}" for key in retailer.customers()]),
        is_staff=True,
    ),
    Workload(name="hello", says="the caller's role", document=_HELLO, variables=({},)),
    Workload(
        name="listing-500",
        says="the listing with 10 variants a product: 500 prices and stocks; nothing cached",
        document=_LISTING,
        variables=_pages(retailer.SEARCH_BULK, retailer.BULK_STYLES),
        connections=3,
        is_staff=True,
    ),
    Workload(
        name="listing-warm",
        says="the listing, each contender with its own cache on",
        document=_LISTING,
        variables=_SINGLE_PAGES,
        is_staff=True,
        is_warm=True,
    ),
)
BY_NAME = {each.name: each for each in WORKLOADS}
