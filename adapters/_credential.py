"""How a call proves itself to a system that takes access tokens."""

from domain.credential import CredentialUnavailable, TokenSource

_HEADER = "Authorization"
_UNAUTHORIZED = 401


class Credential:
    """Puts a token on a call, and another where the system refuses the first."""

    def __init__(self, tokens: TokenSource) -> None:
        self._tokens = tokens

    async def put(self, headers: dict[str, str]) -> str | None:
        """Put a token on a call; tells why there is none, None where there is one."""
        try:
            headers[_HEADER] = f"Bearer {await self._tokens.token()}"
        except CredentialUnavailable as error:
            return str(error)
        return None

    async def renew(self, headers: dict[str, str], status: int) -> bool:
        """Put another token on a call that was refused for the first; False where it was not.

        A call that is refused so was not carried out, and may be sent again whatever it does.
        """
        if status != _UNAUTHORIZED:
            return False
        before = headers[_HEADER]
        self._tokens.refused(before.removeprefix("Bearer "))
        return await self.put(headers) is None and headers[_HEADER] != before

    async def close(self) -> None:
        """Stop asking for tokens."""
        await self._tokens.close()
