"""A PC/SC reader's session: one card at a time, its number the right way round, and the text in its memory."""

from hypothesis import given
from hypothesis import strategies as st

from reader_drivers.driver import Event, KeepAlive, ReaderError, ReadPlan, Region
from reader_drivers.errors import FrameError, Rejected
from reader_drivers.pcsc import ndef
from reader_drivers.pcsc.frames import SlotHunt, SlotMessage, encode
from reader_drivers.pcsc.machine import ANSWER_MS, MEMORY_BYTES_MAX, REST_MS, SAME_CARD_MS, PcscDriver
from reader_drivers.reads import BarcodeScan, TagRead
from simulators.virtual_card import VirtualCard

PLAN = ReadPlan(region=Region.EU, power_cdbm=2_000, antennas=(1,))
RING = VirtualCard("ntag", bytes.fromhex("04BD0F8ACD1190"), "BAG-000412.K3Q7Z")
TRAY = VirtualCard("icode", bytes.fromhex("E004015012345678"))


class Slot:
    """A driver and the card in front of it, without a card service between them."""

    def __init__(self) -> None:
        self.driver = PcscDriver()
        self.driver.start(PLAN)
        self.now = 0
        self.events: list[Event] = []
        self.orders = 0

    def lay(self, card: VirtualCard, *, answers: int = 1_000) -> list[Event]:
        """Put a card down; it answers so many APDUs and then no more."""
        said = encode("C", card.atr)
        events: list[Event] = []
        while said:
            output = self.driver.feed(said, self.now)
            events.extend(output.events)
            said = b""
            for message in SlotHunt().feed(output.sent):
                assert isinstance(message, SlotMessage)
                self.orders += 1
                if answers > 0:
                    said = encode("A", card.answer(message.payload))
                answers -= 1
        return events

    def lift(self, *, for_ms: int = 2 * SAME_CARD_MS) -> list[Event]:
        events = list(self.driver.feed(encode("G"), self.now).events)
        self.now += for_ms
        return events + list(self.driver.tick(self.now).events)


def of_tags(events: list[Event]) -> list[tuple[str, str, str]]:
    return [(one.id_hex, one.id_kind, one.air) for one in events if isinstance(one, TagRead)]


def texts(events: list[Event]) -> list[str]:
    return [one.text for one in events if isinstance(one, BarcodeScan)]


def errors(events: list[Event]) -> list[str]:
    return [one.error_code for one in events if isinstance(one, ReaderError)]


def test_card_tells_its_number_and_the_text_on_it() -> None:
    events = Slot().lay(RING)

    assert of_tags(events) == [("04BD0F8ACD1190", "uid", "iso14443")]
    assert texts(events) == ["BAG-000412.K3Q7Z"]


def test_number_of_an_iso_15693_tag_stands_with_e0_first_though_its_reader_sends_it_last() -> None:
    assert of_tags(Slot().lay(TRAY)) == [("E004015012345678", "uid", "iso15693")]


@given(st.sampled_from(["ntag", "icode"]), st.text(max_size=200))
def test_any_text_that_a_phone_wrote_is_read_back(kind: str, text: str) -> None:
    slot = Slot()

    assert texts(slot.lay(VirtualCard(kind, RING.uid, text))) == ([text] if text else [])
    assert slot.orders <= 2 + MEMORY_BYTES_MAX // 4


def test_text_longer_than_any_tag_on_a_jewel_is_left_unread() -> None:
    slot = Slot()
    events = slot.lay(VirtualCard("ntag", RING.uid, "x" * (MEMORY_BYTES_MAX + 1)))

    assert len(of_tags(events)) == 1
    assert texts(events) == []
    assert slot.orders < 10


def test_card_that_trembles_is_told_once_and_one_that_was_taken_away_again() -> None:
    slot = Slot()
    slot.lay(RING)
    slot.lift(for_ms=SAME_CARD_MS - 1)

    assert of_tags(slot.lay(RING)) == []
    slot.lift(for_ms=SAME_CARD_MS)
    assert len(of_tags(slot.lay(RING))) == 1


def test_two_cards_that_take_turns_are_told_as_two() -> None:
    slot, said = Slot(), list[str]()
    for card in (RING, TRAY, RING):
        said += errors(slot.lay(card))
        slot.lift(for_ms=100)

    assert said == ["two_cards"]


def test_card_that_was_lifted_too_soon_is_given_up_and_the_next_one_is_read() -> None:
    slot = Slot()
    assert of_tags(slot.lay(RING, answers=0)) == []
    slot.now += ANSWER_MS
    assert errors(list(slot.driver.tick(slot.now).events)) == ["card_silent"]
    assert errors(list(slot.driver.tick(slot.now + ANSWER_MS).events)) == []
    slot.lift()
    assert len(of_tags(slot.lay(TRAY))) == 1


def test_card_without_a_number_is_told_with_its_status() -> None:
    driver = PcscDriver()
    driver.start(PLAN)
    driver.feed(encode("C", bytes.fromhex("3B00")), 0)

    assert errors(list(driver.feed(encode("A", bytes.fromhex("6D00")), 1).events)) == ["6D00"]


def test_nothing_is_asked_of_a_card_before_the_start_and_after_the_stop() -> None:
    driver = PcscDriver()
    assert driver.feed(encode("C", RING.atr), 0).sent == b""
    driver.start(PLAN)
    driver.feed(encode("C", RING.atr), 0)
    driver.stop()

    late = driver.feed(encode("A", RING.answer(bytes.fromhex("FFCA000000"))), 1)
    assert late.sent == b""
    assert all(isinstance(event, KeepAlive) for event in late.events)


def test_message_that_stops_in_the_middle_is_given_up() -> None:
    driver = PcscDriver()
    driver.feed(encode("C", RING.atr)[:-1], 0)

    assert [type(event) for event in driver.tick(REST_MS).events] == [Rejected]


@given(st.binary(max_size=300))
def test_whatever_a_memory_holds_raises_nothing_but_what_is_named(memory: bytes) -> None:
    try:
        message = ndef.message_in(memory)
        if message is not None:
            ndef.text_of(message)
    except FrameError:
        pass


def test_web_address_is_a_text_too_and_a_picture_is_none() -> None:
    address = bytes.fromhex("D1010A550462616775") + b".fr/1"

    assert ndef.text_of(address) == "https://bagu.fr/1"
    assert ndef.text_of(bytes.fromhex("D2020169670A")) is None
