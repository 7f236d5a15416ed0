"""What others own: one module or package per product or protocol, behind the domain's ports.

A new system is one file here and a table in gateway.toml. The module ``adapters/<name>.py`` is
what ``adapter = "<name>"`` selects; it has a class ``Adapter``::

    class Adapter:
        class Options(Struct, frozen=True, forbid_unknown_fields=True):
            '''The adapter's own settings: the table ``[systems.NAME.options]``.'''

        def __init__(self, upstream: Upstream, secret: Secret | None, options: Options) -> None: ...

        async def stock_by_sku(self, skus, ask): ...    # every method of the ports it serves

        async def start(self) -> None: ...              # optional: once, before the first call
        async def close(self) -> None: ...              # optional: once, after the last call

It implements ports structurally: ``serves = ["stock"]`` demands all methods of ``StockPort``.
``adapters/connect.py`` checks that at start-up. The rules of an adapter:

- It speaks through ``upstream`` alone and reads no settings but its options.
- Its answers are typed Structs of its own, decoded strictly by ``upstream.read``; what they mean
  is translated into the domain's words inside ``with upstream.contract(call):``. A vendor's word
  never leaves the module.
- It splits keys to its system's limit with ``upstream.chunked``; keys it does not know are absent
  from its answer; keys of other systems (``domain.identity``) are never sent.
- Lists of rows are named to ``upstream.read`` and translated by ``told`` or ``by_key`` of
  ``adapters/_row.py``, so that a damaged row costs its own value and not its neighbours'.
- Queries that cannot share a call go through ``upstream.each``, so that one that fails (a cursor
  that is none, a page that is damaged) does not take the others with it.
- Texts from callers go into a path through ``segment`` of ``adapters/_address.py``, decimals from
  an answer through ``exact`` of ``adapters/_body.py``; whole numbers are declared as its ``Whole``,
  or go through its ``whole`` where they are computed.
- It never imports another adapter; what adapters share is private to this room.
"""
