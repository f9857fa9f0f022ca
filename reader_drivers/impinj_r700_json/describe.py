"""What one line of an R700 says, as names and values: the source of `baguier-agent decode`."""

from reader_drivers.driver import Described, FrameDescriber
from reader_drivers.impinj_r700_json.events import event_of
from reader_drivers.json_lines import Blank, Line, LineHunt, answer_in


class Describer(FrameDescriber[Line | Blank]):
    """Describes the lines of a capture, in order."""

    def __init__(self, direction: str) -> None:
        # A line says by its content whose it is.
        del direction
        super().__init__(LineHunt(), describe)


def describe(line: Line | Blank) -> Described:
    """Event name, facts and reads of one line. Raises: FrameError: it is no event of an R700."""
    if isinstance(line, Blank):
        return "keep_alive", {}, ()
    if not isinstance(line.value, dict):
        return "reply", {"list": len(line.value)}, ()
    if "order" in line.value:
        return "command", {"order": line.value["order"]}, ()
    answer = answer_in(line)
    if answer is not None:
        return "reply", {"path": answer.path, "status": answer.status}, ()
    event = event_of(line.value)
    if event.read is not None:
        return "tag_read", event.facts, (event.read,)
    return event.name, {"event": event.name} | event.facts, ()
