"""Tag content: what an EPC memory bank holds, read without trusting it.

A content that breaks its scheme's rules is refused with a reason, for two different tags must never decode to one identity.
A content of no known scheme is a raw identifier, never an error: most labels sold today leave the factory unencoded.
"""

import re
from dataclasses import dataclass
from typing import ClassVar, Final

from server.core.epc.layout import EPC_HEX_DIGITS_MAX
from server.core.errors import Malformed

DIGITAL_LINK_ROOT: Final = "https://id.gs1.org"
"""The canonical resolver (GS1 Digital Link URI syntax 1.4, section 4.11)."""
DATE_AIS: Final = ("11", "13", "15", "16", "17", "7006", "7007")
"""Kinds of date 0 to 6 of a DSGTIN: production, packaging, best before, sell by, expiry, first freeze, harvest."""
_SEPARATORS: Final = str.maketrans("", "", " \t-:_.")
"""What people and tools put between bytes. Zeros are never dropped: stripping them can merge two tags."""
_ESCAPES: Final = str.maketrans({character: f"%{ord(character):02X}" for character in '"%&/<>?'})
_PLAIN_HEX: Final = re.compile(r"[0-9A-F]{1,1000}")


class EpcError(Malformed):
    """A tag content or tag URI that its scheme forbids. `reason` is one word, such as `length`, `hex` or `range`."""

    code: ClassVar[str] = "epc"

    def __init__(self, reason: str, sentence: str) -> None:
        super().__init__(sentence, reason=reason)
        self.reason = reason


@dataclass(frozen=True, slots=True)
class TagContent:
    """What one tag says."""

    hex: str
    """Upper case, exactly as long as the memory given."""
    scheme: str
    """`sgtin-96`, `SGTIN+`, …; `raw` for no known scheme, `raw_afi` for an ISO UII."""
    uri: str | None
    """The EPC tag URI, or the raw URI where it is not taken apart here. None: a `+` scheme, which has none."""
    epc_uri: str | None = None
    """The pure identity, without filter. None: a raw content or a `+` scheme."""
    ais: tuple[tuple[str, str], ...] = ()
    """GS1 application identifiers and their values: those that name the piece, then a date."""
    filter_value: int | None = None
    """0–7 (SGTIN: 1 = item for sale). None: the content has no filter."""
    hostname: str | None = None
    """Where a `++` scheme sends its links. None: the content names no host."""

    @property
    def identity(self) -> str:
        """The key of a tag: two contents that differ only in control information, date or host have the same one."""
        return self.epc_uri or self.uri or DIGITAL_LINK_ROOT + self._path

    @property
    def digital_link(self) -> str | None:
        """The GS1 Digital Link, at the content's own host or the canonical one. None: no application identifiers."""
        if not self.ais:
            return None
        root = f"https://{self.hostname}" if self.hostname else DIGITAL_LINK_ROOT
        dates = "&".join(f"{ai}={text}" for ai, text in self.ais if ai in DATE_AIS)
        return root + self._path + (f"?{dates}" if dates else "")

    @property
    def _path(self) -> str:
        return "".join(f"/{ai}/{escaped(text)}" for ai, text in self.ais if ai not in DATE_AIS)


def escaped(text: str) -> str:
    """A value as URIs carry it: the seven characters they reserve as %XX (TDS 2.3, section 6.3.1).

    >>> escaped("32a/b")
    '32a%2Fb'
    """
    return text.translate(_ESCAPES)


def normal_hex(text: str) -> str:
    """Upper-case hex without separators or `0x`. Raises `EpcError` for nothing, for other characters, for too much."""
    digits = text if _PLAIN_HEX.fullmatch(text) else text.strip().upper().translate(_SEPARATORS).removeprefix("0X")
    if not digits:
        raise EpcError(
            "length", "The tag content is empty; expected hexadecimal digits, such as 3074257BF7194E4000001A85."
        )
    if len(digits) > EPC_HEX_DIGITS_MAX:
        raise EpcError(
            "length",
            f"The tag content has {len(digits)} hex digits; an EPC has at most {EPC_HEX_DIGITS_MAX} (496 bits).",
        )
    if not _PLAIN_HEX.fullmatch(digits):
        strange = next(character for character in digits if character not in "0123456789ABCDEF")
        raise EpcError(
            "hex",
            f"{text.strip()[:40]!r} is not hexadecimal: it holds {strange!r}. Give the EPC memory as digits 0-9 and A-F.",
        )
    return digits
