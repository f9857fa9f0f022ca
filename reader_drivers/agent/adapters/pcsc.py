"""Port to a PC/SC reader: the card service's calls as messages of `reader_drivers.pcsc.frames`.

Two contexts, because a waiting call holds its context: one waits for cards, the other transmits and wakes the first when
there is an answer.
"""

import threading
from collections import deque
from typing import Final

from reader_drivers.agent.adapters import card_calls
from reader_drivers.agent.adapters.card_calls import Card, CardCalls, CardServiceError, Context
from reader_drivers.pcsc.frames import SlotHunt, SlotMessage, encode

WAIT_MS: Final = 200
"""How long a read waits for a card; as for serial ports."""
WORDS: Final = {
    0x8010001D: "the card service is not running (on Linux: install and start pcscd)",
    0x8010001E: "the card service stopped",
    card_calls.NO_READERS: "no card reader is plugged in",
    0x80100009: "this reader is not plugged in",
    0x80100017: "the reader was unplugged",
    0x8010000B: "another program uses the card",
}
"""Result codes that a person can do something about."""


def reader_names(calls: CardCalls | None = None) -> tuple[str, ...]:
    """Names of the slots that are plugged in. Raises: CardServiceError: nobody can tell."""
    calls = calls or card_calls.card_calls()
    context = _opened(calls)
    try:
        return _names(calls, context)
    finally:
        calls.SCardReleaseContext(context)


class PcscPort:
    """One slot. Implements `transports.Port`; reads in one thread, writes in another."""

    in_waiting = 0

    def __init__(self, reader: str, calls: CardCalls | None = None) -> None:
        """Open the slot of this name, or the first one for an empty name. Raises: CardServiceError."""
        self._calls = calls or card_calls.card_calls()
        self._waiting = _opened(self._calls)
        self._talking = _opened(self._calls)
        self._reader = reader or _first(_names(self._calls, self._waiting))
        self._known = 0
        self._card: Card = None
        self._protocol = 0
        self._told: deque[bytes] = deque()
        self._guard = threading.Lock()

    def read(self, size: int = 1, /) -> bytes:
        """The next messages, or none after `WAIT_MS`. Raises: CardServiceError: the reader or the service is gone."""
        del size
        if not self._told:
            code, states = self._calls.SCardGetStatusChange(self._waiting, WAIT_MS, [(self._reader, self._known)])
            if code & 0xFFFFFFFF not in (card_calls.TIMED_OUT, card_calls.CANCELLED):
                _require(code)
                self._note_change(states[0][1], bytes(states[0][2]))
        told = b""
        while self._told:
            told += self._told.popleft()
        return told

    def write(self, b: bytes, /) -> None:
        """Transmit the APDUs in these messages. A card that does not answer is told as such, never raised."""
        for message in SlotHunt().feed(b):
            if isinstance(message, SlotMessage):
                answer = self._transmit(message.payload)
                self._told.append(encode("F") if answer is None else encode("A", answer))
        self._calls.SCardCancel(self._waiting)

    def close(self) -> None:
        """Give the slot up."""
        self._forget_card()
        for context in (self._talking, self._waiting):
            self._calls.SCardReleaseContext(context)

    def _note_change(self, event: int, atr: bytes) -> None:
        was_there, is_there = (bool(state & card_calls.STATE_PRESENT) for state in (self._known, event))
        # The upper half counts changes: a card that was swapped while nobody looked is a new card.
        is_swapped = was_there and is_there and event >> 16 != self._known >> 16
        self._known = event & ~card_calls.STATE_CHANGED
        if was_there and (not is_there or is_swapped):
            self._forget_card()
            self._told.append(encode("G"))
        if is_there and (not was_there or is_swapped):
            self._told.append(encode("C", atr))

    def _transmit(self, apdu: bytes) -> bytes | None:
        with self._guard:
            if self._card is None and not self._connect():
                return None
            code, answer = self._calls.SCardTransmit(self._card, self._protocol, list(apdu))
            return bytes(answer) if code == card_calls.SUCCESS else None

    def _connect(self) -> bool:
        asked = (self._reader, card_calls.SHARED, card_calls.ANY_PROTOCOL)
        code, card, self._protocol = self._calls.SCardConnect(self._talking, *asked)
        if code != card_calls.SUCCESS:
            return False
        self._card = card
        return True

    def _forget_card(self) -> None:
        with self._guard:
            if self._card is not None:
                self._calls.SCardDisconnect(self._card, card_calls.LEAVE_CARD)
            self._card = None


def _opened(calls: CardCalls) -> Context:
    code, context = calls.SCardEstablishContext(card_calls.SCOPE_SYSTEM)
    _require(code)
    return context


def _names(calls: CardCalls, context: Context) -> tuple[str, ...]:
    code, names = calls.SCardListReaders(context, [])
    if code & 0xFFFFFFFF == card_calls.NO_READERS:
        return ()
    _require(code)
    return tuple(names)


def _first(readers: tuple[str, ...]) -> str:
    if not readers:
        raise CardServiceError(WORDS[card_calls.NO_READERS])
    return readers[0]


def _require(code: int) -> None:
    if code != card_calls.SUCCESS:
        number = code & 0xFFFFFFFF
        raise CardServiceError(WORDS.get(number, f"the card service refused with {number:08X}"))
