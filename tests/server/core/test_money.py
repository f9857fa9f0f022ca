"""Amounts as people write them, and sums that stay exact."""

import doctest

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.core import money
from server.core.money import AmountError, Money, parse_amount


@pytest.mark.parametrize(
    ("text", "minor"),
    [
        ("1 234,50", 123450),
        ("1 234,50 €", 123450),
        ("1.234,50", 123450),
        ("1,234.50", 123450),
        ("1'234.50", 123450),
        ("1234.5", 123450),
        ("1234", 123400),
        ("1.234", 123400),
        ("1.234.567", 123456700),
        ("0,05", 5),
        ("-12,00", -1200),
        ("12,500", 1250000),
    ],
)
def test_usual_spellings_are_read(text: str, minor: int) -> None:
    assert parse_amount(text, "EUR") == Money(minor, "EUR")


@pytest.mark.parametrize(
    "text", ["", "abc", "1,2,3", "12,345,6", "1.5.2", "1,2345", "1e5", "٣", "12 ,", "--1", "1" * 30]
)
def test_what_is_no_amount_is_refused(text: str) -> None:
    with pytest.raises(AmountError):
        parse_amount(text, "EUR")


def test_a_known_decimal_separator_settles_three_digits() -> None:
    assert parse_amount("12.500", "EUR", decimal=".") == Money(1250, "EUR")
    with pytest.raises(AmountError):
        parse_amount("12.505", "EUR", decimal=".")


@pytest.mark.parametrize(("currency", "minor"), [("JPY", 1234), ("EUR", 123400), ("KWD", 1234000)])
def test_each_currency_has_its_own_minor_unit(currency: str, minor: int) -> None:
    assert parse_amount("1234", currency).minor == minor


@given(minor=st.integers(-(10**12), 10**12), thousands=st.sampled_from(["", " ", "\u202f", "."]))
def test_every_amount_survives_being_written_the_french_way(minor: int, thousands: str) -> None:
    whole, cents = divmod(abs(minor), 100)
    written = f"{'-' if minor < 0 else ''}{whole:,}".replace(",", thousands) + f",{cents:02d}"

    assert parse_amount(written, "EUR").minor == minor


def test_two_currencies_are_never_summed() -> None:
    assert Money(1, "EUR") + Money(2, "EUR") == Money(3, "EUR")
    with pytest.raises(AmountError):
        Money(1, "EUR") + Money(1, "CHF")


@pytest.mark.parametrize(("minor", "currency"), [(1, "eur"), (1, "EURO"), (2**53, "EUR"), (-(2**53), "EUR")])
def test_impossible_amounts_are_refused(minor: int, currency: str) -> None:
    with pytest.raises(AmountError):
        Money(minor, currency)


def test_examples_in_the_documentation_hold() -> None:
    assert doctest.testmod(money).failed == 0
