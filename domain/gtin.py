"""GS1's numbers of goods, as a barcode has them.

*Source*: GS1 General Specifications, 7.9 (check digits) and 3.3.2 (one number, several lengths).
"""

from domain.errors import BadInput

_LENGTHS = (8, 12, 13, 14)


def gtin(text: str, argument: str) -> str:
    """Check a number that was scanned or typed, and write it as it is written shortest.

    *Shape*: 8 or 13 digits, 14 only where the first is no zero: one of 12 is the same with a zero
    before it.
    *Errors*: ``BadInput`` for another length, other signs, or a wrong check digit.
    """
    digits = text.replace(" ", "").replace("-", "")
    if len(digits) not in _LENGTHS or not (digits.isascii() and digits.isdigit()):
        raise BadInput(argument, text, "a GTIN: 8, 12, 13 or 14 digits")
    weighed = (int(digit) * (3, 1)[place % 2] for place, digit in enumerate(reversed(digits[:-1])))
    if (sum(weighed) + int(digits[-1])) % 10:
        raise BadInput(argument, text, "a GTIN whose last digit is its check digit")
    return shortest(digits)


def shortest(digits: str) -> str:
    """Write a number of any length as it is written shortest, to be compared with others."""
    if len(digits) == 12:
        return f"0{digits}"
    return digits[1:] if len(digits) == 14 and digits[0] == "0" else digits
