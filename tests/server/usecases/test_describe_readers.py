"""What an agent says of its readers is shown to whoever looks at them."""

from reader_drivers.reads import Press, ReaderFigures, ReaderHealth
from server.core.announcement import Announcement
from server.core.ids import DeviceId
from server.store.unit_of_work import Store, UnitOfWork
from server.usecases.describe_readers import note_health, note_press


def test_news_of_a_reader_carry_its_figures(shop: Store) -> None:
    def work(unit: UnitOfWork) -> object:
        figures = ReaderFigures(reads_per_s=312, rejected=2, heard_ago_ms=40, temperature_c=41)
        note_health(unit, device_id=DeviceId("agent"), health=ReaderHealth("pad", "reading", "", figures))
        return unit.announcements[-1].body

    assert shop.run(work) == {
        "reader": "pad",
        "state": "reading",
        "detail": "",
        "figures": {"reads_per_s": 312, "rejected": 2, "heard_ago_ms": 40, "temperature_c": 41},
    }


def test_pressed_trigger_is_news_of_its_reader(shop: Store) -> None:
    def work(unit: UnitOfWork) -> object:
        note_press(unit, press=Press("sled", "trigger", "single"))
        return unit.announcements[-1]

    told = shop.run(work)

    assert isinstance(told, Announcement)
    assert (told.topic, told.type) == ("readers", "reader.press")
    assert told.body == {"reader": "sled", "button": "trigger", "action": "single"}
