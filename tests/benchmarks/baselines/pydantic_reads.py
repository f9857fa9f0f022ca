"""The usual way to take reads in: a JSON list of objects, checked by pydantic. Same fields and limits as `ReadRow`."""

from typing import Annotated

from pydantic import BaseModel, Field, TypeAdapter

Whole = Annotated[int, Field(ge=0, le=2**53 - 1)]


class ReadModel(BaseModel):
    """What one antenna heard of one tag."""

    epc: Annotated[str, Field(max_length=124, pattern="^[0-9A-F]*$")]
    tid: Annotated[str, Field(max_length=128)] | None
    ant: Annotated[int, Field(ge=0, le=255)]
    first_ms: Whole
    last_ms: Whole
    dcount: Annotated[int, Field(ge=0, le=2**31 - 1)]
    dpasses: Annotated[int, Field(ge=0, le=2**31 - 1)]
    rssi_sum_cdbm: int | None
    rssi_max_cdbm: int | None


READS = TypeAdapter(list[ReadModel])
