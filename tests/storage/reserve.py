"""Reserving as clients do: the documents, and what they come to."""

from typing import Any

from domain.identity import node_id
from domain.viewer import Viewer
from tests.storage.shop import SHOP, Shop

CREATE = """mutation ($input: ReservationCreateInput!) {
  reservationCreate(input: $input) { ...reserved } }"""
EXTEND = """mutation ($input: ReservationExtendInput!) {
  reservationExtend(input: $input) { ...reserved } }"""
RELEASE = """mutation ($input: ReservationReleaseInput!) {
  reservationRelease(input: $input) { ...reserved } }"""
RESERVED = """fragment reserved on ReservationPayload {
  reservation { id state channel expiresAt lines { sku quantity location { id } } }
  userErrors { __typename message path
    ... on Shortage { sku wanted available location { id } }
    ... on ReservationLimitReached { limit } ... on ReservationEnded { state } } }"""
BY_ID = """query ($id: ID!, $secret: String) { reservation(id: $id, secret: $secret) {
  id state expiresAt lines { sku quantity } } node(id: $id) { id } }"""
MINE = "{ viewer { reservations { id state lines { sku quantity } } } }"


def place(key: str = SHOP) -> str:
    """The global id of a location."""
    return node_id("Location", key)


async def reserve(
    shop: Shop,
    viewer: Viewer,
    key: str,
    *lines: Any,
    at: str = SHOP,
    origin: str | None = None,
    **more: Any,
) -> Any:
    """Reserve some SKUs, each once or as a line says."""
    given = [each if isinstance(each, dict) else {"sku": each} for each in lines]
    sent = {"idempotencyKey": key, "location": place(at), "lines": given, **more}
    return await shop.ask(CREATE + RESERVED, viewer, origin, input=sent)


async def change(
    shop: Shop, document: str, viewer: Viewer, key: str, reservation: str, **more: Any
) -> Any:
    """Extend or release a reservation."""
    sent = {"idempotencyKey": key, "reservation": reservation, **more}
    return await shop.ask(document + RESERVED, viewer, input=sent)


def made(answer: Any, mutation: str = "reservationCreate") -> Any:
    """The reservation of an answer without errors."""
    assert answer["errors"] == [], answer
    payload = answer["data"][mutation]
    assert payload["userErrors"] == [], answer
    return payload["reservation"]


def refused(answer: Any, mutation: str = "reservationCreate") -> Any:
    """The user errors of an answer that changed nothing."""
    assert answer["errors"] == [], answer
    payload = answer["data"][mutation]
    assert payload["reservation"] is None, answer
    return payload["userErrors"]
