"""Calls of the platform's card service (pcsc-lite, winscard, the macOS framework), through pyscard or, without it, ctypes.

pyscard has to be compiled on Linux and counter PCs have no compiler; the library it speaks to is there wherever a card
reader works. Both ways give the calls the shape of pyscard's `smartcard.scard`: the result code first, then what was asked.
"""

import ctypes
import ctypes.util
import sys
from collections.abc import Sequence
from typing import Any, Final, Protocol, TypeAlias

SUCCESS: Final = 0
CANCELLED: Final = 0x80100002
TIMED_OUT: Final = 0x8010000A
NO_READERS: Final = 0x8010002E
SCOPE_SYSTEM: Final = 2
SHARED: Final = 2
ANY_PROTOCOL: Final = 3
LEAVE_CARD: Final = 0
STATE_CHANGED: Final = 0x2
STATE_PRESENT: Final = 0x20

Context: TypeAlias = Any
Card: TypeAlias = Any
SlotState: TypeAlias = tuple[str, int, list[int]]
"""(reader, event, ATR)."""

_NAMES_BYTES_MAX: Final = 65_536
_ANSWER_BYTES_MAX: Final = 261
_ATR_BYTES: Final = 36 if sys.platform == "win32" else 33
# pcsc-lite on Linux counts in unsigned long, all others in 32 bits.
_Word: Any = ctypes.c_ulong if sys.platform.startswith("linux") else ctypes.c_uint32
_Handle: Any = {"win32": ctypes.c_size_t, "darwin": ctypes.c_int32}.get(sys.platform, ctypes.c_long)


class CardServiceError(OSError):
    """The card service cannot be reached or refused a call; the message says why in words."""


class CardCalls(Protocol):
    """The calls that a reader's port makes. Numbers are those of PC/SC part 5; codes may come signed."""

    def SCardEstablishContext(self, scope: int, /) -> tuple[int, Context]: ...  # noqa: N802, D102 - PC/SC's own names.
    def SCardReleaseContext(self, context: Context, /) -> int: ...  # noqa: N802, D102
    def SCardListReaders(self, context: Context, groups: list[str], /) -> tuple[int, list[str]]: ...  # noqa: N802, D102
    def SCardGetStatusChange(  # noqa: N802, D102
        self, context: Context, timeout_ms: int, known: list[tuple[str, int]], /
    ) -> tuple[int, list[SlotState]]: ...
    def SCardCancel(self, context: Context, /) -> int: ...  # noqa: N802, D102
    def SCardConnect(self, context: Context, reader: str, /, *share_and_protocols: int) -> tuple[int, Card, int]: ...  # noqa: N802, D102
    def SCardTransmit(self, card: Card, protocol: int, apdu: list[int], /) -> tuple[int, list[int]]: ...  # noqa: N802, D102
    def SCardDisconnect(self, card: Card, disposition: int, /) -> int: ...  # noqa: N802, D102


def card_calls() -> CardCalls:
    """The best way to the card service that this computer has. Raises: CardServiceError: it has none."""
    try:
        from smartcard import scard
    except ImportError:
        return CtypesCalls()
    calls: CardCalls = scard
    return calls


class _ReaderState(ctypes.Structure):
    if sys.platform == "darwin":
        _pack_ = 1
    _fields_ = (
        ("name", ctypes.c_char_p),
        ("user", ctypes.c_void_p),
        ("known", _Word),
        ("event", _Word),
        ("atr_size", _Word),
        ("atr", ctypes.c_ubyte * _ATR_BYTES),
    )


class _Protocol(ctypes.Structure):
    _fields_ = (("protocol", _Word), ("size", _Word))


class CtypesCalls:
    """`CardCalls` without a compiled module."""

    def __init__(self) -> None:
        """Raises: CardServiceError: the library is not installed."""
        names = {"win32": "winscard", "darwin": "/System/Library/Frameworks/PCSC.framework/PCSC"}
        name = names.get(sys.platform) or ctypes.util.find_library("pcsclite") or "libpcsclite.so.1"
        try:
            self._library = ctypes.CDLL(name)
        except OSError as error:
            raise CardServiceError(f"the card library is not installed ({error})") from error

    def SCardEstablishContext(self, scope: int, /) -> tuple[int, Context]:  # noqa: N802, D102
        context = _Handle()
        return self._call("SCardEstablishContext", _Word(scope), None, None, ctypes.byref(context)), context

    def SCardReleaseContext(self, context: Context, /) -> int:  # noqa: N802, D102
        return self._call("SCardReleaseContext", context)

    def SCardListReaders(self, context: Context, groups: list[str], /) -> tuple[int, list[str]]:  # noqa: N802, D102
        del groups
        names, size = ctypes.create_string_buffer(_NAMES_BYTES_MAX), _Word(_NAMES_BYTES_MAX)
        code = self._call("SCardListReaders", context, None, names, ctypes.byref(size), has_text=True)
        found = names.raw[: size.value].split(b"\0") if code == SUCCESS else []
        return code, [one.decode() for one in found if one]

    def SCardGetStatusChange(  # noqa: N802, D102
        self, context: Context, timeout_ms: int, known: list[tuple[str, int]], /
    ) -> tuple[int, list[SlotState]]:
        states = (_ReaderState * len(known))()
        for state, (name, event) in zip(states, known, strict=True):
            state.name, state.known = name.encode(), event
        wait, number = _Word(timeout_ms), _Word(len(known))
        code = self._call("SCardGetStatusChange", context, wait, states, number, has_text=True)
        return code, [
            (name, state.event, list(state.atr[: state.atr_size]))
            for state, (name, _) in zip(states, known, strict=True)
        ]

    def SCardCancel(self, context: Context, /) -> int:  # noqa: N802, D102
        return self._call("SCardCancel", context)

    def SCardConnect(self, context: Context, reader: str, /, *share_and_protocols: int) -> tuple[int, Card, int]:  # noqa: N802, D102
        card, protocol = _Handle(), _Word()
        asked = (context, reader.encode(), *map(_Word, share_and_protocols))
        code = self._call("SCardConnect", *asked, ctypes.byref(card), ctypes.byref(protocol), has_text=True)
        return code, card, protocol.value

    def SCardTransmit(self, card: Card, protocol: int, apdu: Sequence[int], /) -> tuple[int, list[int]]:  # noqa: N802, D102
        answer, size = (ctypes.c_ubyte * _ANSWER_BYTES_MAX)(), _Word(_ANSWER_BYTES_MAX)
        head = ctypes.byref(_Protocol(protocol, ctypes.sizeof(_Protocol)))
        sent = bytes(apdu)
        code = self._call("SCardTransmit", card, head, sent, _Word(len(sent)), None, answer, ctypes.byref(size))
        return code, list(answer[: size.value]) if code == SUCCESS else []

    def SCardDisconnect(self, card: Card, disposition: int, /) -> int:  # noqa: N802, D102
        return self._call("SCardDisconnect", card, _Word(disposition))

    def _call(self, name: str, *arguments: Any, has_text: bool = False) -> int:
        """Windows has the calls with texts twice; the narrow ones are ours."""
        call = getattr(self._library, f"{name}A" if has_text and sys.platform == "win32" else name)
        call.restype = ctypes.c_int32
        code: int = call(*arguments)
        return code & 0xFFFFFFFF
