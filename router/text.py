"""Texts as they are compared: by code point, after NFC."""

import unicodedata


def nfc(text: str) -> str:
    """A text in Unicode's composed form; ASCII is in it already.

    >>> nfc("re\u0063\u0327u") == "re\u00e7u"
    True
    """
    return text if text.isascii() else unicodedata.normalize("NFC", text)
