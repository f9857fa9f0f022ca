"""Verifying a shop's day: packed, opened again and checked."""

from server.core.log.findings import Finding, Property, Verification
from server.core.log.trust import Trust
from server.core.log.verify import verify_pack
from server.exports.canonical_zip import read_zip
from tests.server.exports.shop_days import ShopDay


def verified(day: ShopDay, trust: Trust | None) -> Verification:
    opened = read_zip(day.pack())
    return verify_pack(opened.members, trust, is_canonical=opened.is_canonical)


def finding(verification: Verification, one: Property) -> Finding:
    return next(found for found in verification.findings if found.property is one)
