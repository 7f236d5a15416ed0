"""Strawberry with the caches it offers: parser, validation, orjson, a loader for each call."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import orjson
import strawberry
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.websockets import WebSocket
from strawberry.asgi import GraphQL
from strawberry.extensions import ParserCache, ValidationCache
from strawberry.schema.config import StrawberryConfig

from bench.contenders.serving import serve
from bench.contenders.strawberry.kind import (
    Customer,
    Loaders,
    PageInfo,
    Product,
    ProductConnection,
    Viewer,
    customer_of,
    product_of,
    systems,
)
from bench.contenders.wire import cursor, node_key, place


@strawberry.type
class Query:
    @strawberry.field
    def viewer(self) -> Viewer:
        return Viewer(role="ANONYMOUS")

    @strawberry.field
    async def product(self, id: strawberry.ID) -> Product | None:
        answer = await systems.styles([node_key(id)])
        rows = answer["results"]
        return product_of(rows[0], answer["CABNT"]) if rows else None

    @strawberry.field
    async def products(
        self, search: str | None = None, first: int = 20, after: str | None = None
    ) -> ProductConnection:
        answer = await systems.page(search, first, after)
        nodes = [product_of(row, answer["CABNT"]) for row in answer["results"]]
        end = place(after) + len(nodes)
        return ProductConnection(
            nodes=nodes,
            page_info=PageInfo(
                has_next_page=end < int(answer["__count"]),
                end_cursor=cursor(end) if nodes else None,
            ),
        )

    @strawberry.field
    async def customer(self, id: strawberry.ID) -> Customer | None:
        rows = await systems.contacts([node_key(id)])
        return customer_of(rows[0]) if rows else None


class _App(GraphQL[Loaders, None]):
    async def get_context(
        self,
        request: Request | WebSocket,  # noqa: ARG002 - Strawberry's signature
        response: Response | WebSocket,  # noqa: ARG002
    ) -> Loaders:
        return Loaders()

    def encode_json(self, data: object) -> str | bytes:
        return orjson.dumps(data)


schema = strawberry.Schema(
    query=Query,
    extensions=[lambda: ParserCache(maxsize=1_000), lambda: ValidationCache(maxsize=1_000)],
    config=StrawberryConfig(auto_camel_case=True),
)


@asynccontextmanager
async def lifespan(_: Starlette) -> AsyncIterator[None]:
    """Keep the connections for as long as the application is served."""
    await systems.start()
    yield
    await systems.close()


graphql: Any = _App(schema, graphql_ide=None)
app = Starlette(routes=[Route("/graphql", graphql)], lifespan=lifespan)

if __name__ == "__main__":
    serve(app)
