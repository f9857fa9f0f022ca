"""Identities: each noun of the shop has its own type, so that one cannot be passed for another."""

from typing import NewType

ShopId = NewType("ShopId", str)
PieceId = NewType("PieceId", str)
PieceRef = NewType("PieceRef", str)
"""What people call a piece: `BAG-000001` or the shop's own stock number. Immutable, unique in a shop."""
PlaceId = NewType("PlaceId", str)
PlacePath = NewType("PlacePath", str)
"""Where a place is, below the shop: `Vitrine 3/Plateau 5`. A display at one moment, never an identity."""
CountId = NewType("CountId", str)
RoundId = NewType("RoundId", str)
TourId = NewType("TourId", str)
CaseId = NewType("CaseId", str)
PersonId = NewType("PersonId", str)
DeviceId = NewType("DeviceId", str)
Epc = NewType("Epc", str)
"""Upper-case hex of a tag's EPC, UII or UID, exactly as long as the tag's content."""
Tid = NewType("Tid", str)
"""Upper-case hex of a tag's factory identity."""
