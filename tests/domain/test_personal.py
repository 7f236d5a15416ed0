"""What is left of texts about people when they are masked."""

import pytest

from domain.personal import Form, mask


@pytest.mark.parametrize(
    ("text", "form", "left"),
    [
        ("jan.kowalski@example.com", Form.EMAIL, "j•••@e•••.com"),
        ("jan@example.co.uk", Form.EMAIL, "j•••@e•••.uk"),
        ("jan@przykład.xn--fiqs8s", Form.EMAIL, "j•••@p•••.xn--fiqs8s"),
        ("jan@example", Form.EMAIL, "j•••@•••"),
        ("jan@example.com, or ring 601 202 303", Form.EMAIL, "j•••@•••"),
        ("jan@example.com (Jan Kowalski)", Form.EMAIL, "j•••@•••"),
        ("jan@[192.0.2.17]", Form.EMAIL, "j•••@•••"),
        ("jan@example.kowalski1980", Form.EMAIL, "j•••@•••"),
        ("jan@example.", Form.EMAIL, "j•••@•••"),
        ("@example.com", Form.EMAIL, "•••"),
        ("not an address", Form.EMAIL, "•••"),
        ("Jo", Form.NAME, "J•••"),
        ("", Form.NAME, "•••"),
        ("12", Form.PHONE, "•••2"),
        ("+48 601 202 303", Form.PHONE, "•••303"),
        ("", Form.PHONE, "•••"),
    ],
)
def test_mask(text: str, form: Form, left: str) -> None:
    """A mask tells people apart for who knows them, and never says what else was written down."""
    assert mask(text, form) == left
