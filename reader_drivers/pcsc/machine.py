"""The session with a PC/SC reader: a card is laid down, says its UID and its text, and is taken away again.

PC/SC shows one card at a time, so this reader names a piece at the counter and never counts a tray. Two tags in the field
come and go by turns; that is told, because neither can be trusted to be the one in the hand.
"""

from collections.abc import Generator
from typing import ClassVar, Final, TypeAlias

from reader_drivers.driver import Event, KeepAlive, Output, ReaderError, ReaderPhase, ReaderState, ReadPlan, joined
from reader_drivers.errors import FrameError, Rejected
from reader_drivers.pcsc import cards, ndef
from reader_drivers.pcsc.frames import SlotHunt, SlotMessage, encode
from reader_drivers.reads import SCAN_CHARACTERS_MAX, BarcodeScan, TagRead

ANSWER_MS: Final = 2_000
"""A card that is there answers within milliseconds; a lifted one is told as gone, at the latest after this time."""
REST_MS: Final = 500
"""Silence that ends an unfinished message: the port writes each in one piece."""
SAME_CARD_MS: Final = 1_000
"""A card that comes back within this time was not taken away: a hand trembles over the reader."""
COMINGS_MAX: Final = 3
"""Comings within `SAME_CARD_MS` that no hand can do: two tags take turns."""
MEMORY_BYTES_MAX: Final = 888
"""User memory of an NTAG216, the largest tag on a jewel; longer texts are not read."""

Dialogue: TypeAlias = Generator[bytes | Event, bytes | None]
"""Gives APDUs to send and events to report; is resumed with the answer after an APDU (None: none came), None after an event."""


class PcscDriver:
    """One reader. Implements `driver.Driver`."""

    protocol: ClassVar[str] = "pcsc"

    def __init__(self) -> None:
        self._hunt = SlotHunt()
        self._is_reading = False
        self._dialogue: Dialogue | None = None
        self._asked_ms = 0
        self._heard_ms = 0
        self._last_uid = b""
        self._gone_ms: int | None = None
        self._comings: tuple[int, ...] = ()

    def start(self, plan: ReadPlan) -> Output:
        """Report cards from now on. The reader has no power, region or antenna to be set."""
        del plan
        self._is_reading = True
        return Output((ReaderState(ReaderPhase.READING),))

    def feed(self, received: bytes, now: int) -> Output:
        """Messages of the slot."""
        if received:
            self._heard_ms = now
        return joined(self._take(part, now) for part in self._hunt.feed(received))

    def tick(self, now: int) -> Output:
        """A card that does not answer is given up; so is a message that stops."""
        broken = Output()
        if self._hunt.is_waiting and now - self._heard_ms >= REST_MS:
            broken = joined(self._take(part, now) for part in self._hunt.flush())
        if self._dialogue is None or now - self._asked_ms < ANSWER_MS:
            return broken
        self._dialogue = None
        silent = ReaderError(
            "card_silent", "The card does not answer. Lift it and lay it down again.", is_retryable=True
        )
        return joined((broken, Output((silent,))))

    def stop(self) -> Output:
        """Report no cards; the reader has nothing on the air that would have to be switched off."""
        self._is_reading, self._dialogue = False, None
        return Output((ReaderState(ReaderPhase.IDLE),))

    def end_passes(self, antennas: tuple[int, ...], now: int) -> Output:
        """One card at a time has no passes."""
        del antennas, now
        return Output()

    def _take(self, part: SlotMessage | Rejected, now: int) -> Output:
        if isinstance(part, Rejected):
            return Output((part,))
        if part.kind == "C":
            self._dialogue = self._greet(cards.parse_atr(part.payload), now) if self._is_reading else None
            return joined((Output((KeepAlive(now, part.raw),)), self._count_comings(now), self._resume(None, now)))
        if part.kind in "AF" and self._dialogue is not None:
            return self._resume(part.payload if part.kind == "A" else None, now)
        if part.kind == "G":
            self._dialogue, self._gone_ms = None, now
        # Also our own orders in a capture, and an answer that came after its card was given up.
        return Output((KeepAlive(now, part.raw),))

    def _count_comings(self, now: int) -> Output:
        self._comings = (*(at for at in self._comings if now - at < SAME_CARD_MS), now)[-COMINGS_MAX:]
        if len(self._comings) < COMINGS_MAX:
            return Output()
        flapping = "Cards come and go by turns: two lie on the reader. Lay one piece down at a time."
        return Output((ReaderError("two_cards", flapping, is_retryable=True),))

    def _resume(self, answer: bytes | None, now: int) -> Output:
        """Go on with the card until the next APDU or the end."""
        events: list[Event] = []
        while self._dialogue is not None:
            try:
                said = self._dialogue.send(answer)
            except StopIteration:
                self._dialogue = None
                break
            if isinstance(said, bytes):
                self._asked_ms = now
                return Output(tuple(events), encode("T", said))
            events.append(said)
            answer = None
        return Output(tuple(events))

    def _greet(self, atr: cards.Atr, now: int) -> Dialogue:
        """What is asked of a card that was laid down."""
        sent, status = cards.split_answer((yield cards.GET_UID) or b"")
        if status != cards.OK or not sent:
            sentence = f"The card tells no UID ({cards.status_text(status)}). Lift it and lay it down again."
            yield ReaderError(f"{status:04X}", sentence, is_retryable=True)
            return
        uid = cards.uid_of(sent)
        is_same = uid == self._last_uid and self._gone_ms is not None and now - self._gone_ms < SAME_CARD_MS
        self._last_uid = uid
        if is_same:
            return
        yield TagRead(id_hex=uid.hex().upper(), id_bits=8 * len(uid), id_kind="uid", air=atr.air, at_ms=now)
        text = yield from _text_of_card(atr)
        if text is not None:
            yield BarcodeScan(text=text, at_ms=now)


def _text_of_card(atr: cards.Atr) -> Generator[bytes | Event, bytes | None, str | None]:
    """The text in the card's memory; None: it has none that this reader can read."""
    layout = cards.MEMORIES.get(atr.card_code or 0)
    if layout is None:
        return None
    memory, needs = b"", 1
    while len(memory) < needs <= MEMORY_BYTES_MAX:
        block = layout.first_block + len(memory) // cards.BLOCK_BYTES
        piece, status = cards.split_answer((yield cards.read_binary(block, layout.step_bytes)) or b"")
        if status != cards.OK or not piece:
            return None
        memory += piece[: layout.step_bytes]
        try:
            message = ndef.message_in(memory)
            text = None if message is None else ndef.text_of(message)
        except ndef.Short as short:
            needs = short.needs
        except FrameError:
            return None
        else:
            return None if text is None or len(text) > SCAN_CHARACTERS_MAX else text
    return None
