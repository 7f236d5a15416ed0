"""GS1's numbers, as a till scans them."""

import pytest

from domain.errors import BadInput
from domain.gtin import gtin


@pytest.mark.parametrize(
    ("scanned", "meant"),
    [
        ("5907700010016", "5907700010016"),
        ("05907700010016", "5907700010016"),
        ("036000291452", "0036000291452"),
        ("00036000291452", "0036000291452"),
        ("96385074", "96385074"),
        ("10614141000415", "10614141000415"),
        ("978-3-16-148410-0", "9783161484100"),
        ("590 7700 010016", "5907700010016"),
    ],
)
def test_one_number_in_several_lengths_is_one(scanned: str, meant: str) -> None:
    """Zeros before a number do not make it another."""
    assert gtin(scanned, "gtin") == meant


@pytest.mark.parametrize(
    "text", ["", "5907700010018", "590770001001", "59077000100167", "\u0665" * 13, "x" * 13, "0"]
)
def test_what_is_no_number_of_gs1_is_refused(text: str) -> None:
    """Another length, other signs or a wrong check digit is the caller's mistake, not 'absent'."""
    with pytest.raises(BadInput, match="GTIN"):
        gtin(text, "gtin")
