"""Evidence does not depend on the order or the batches in which reads arrive."""

from itertools import pairwise
from random import Random

from hypothesis import given
from hypothesis import strategies as st

from server.core.evidence import Observation, TagEvidence, fold, locate, merged
from server.core.ids import Epc, PlacePath, Tid

EPCS = [Epc("3034257BF7194E4000001A85"), Epc("3074257BF7194E4000001A85"), Epc("A1"), Epc("E2801160")]
"""The first two are one tag with two filters."""


@st.composite
def observations(draw: st.DrawFn) -> Observation:
    reads = draw(st.integers(1, 50))
    measured = draw(st.sampled_from([0, reads]))
    return Observation(
        draw(st.sampled_from(EPCS)),
        PlacePath(draw(st.sampled_from(["A", "A/1", "A/2", "B"]))),
        draw(st.sampled_from([None, Tid("E2801"), Tid("E2802")])),
        reads=reads,
        is_counted=draw(st.booleans()),
        passes=draw(st.none() | st.integers(0, 9)),
        strength_sum_cdbm=measured and draw(st.integers(-9000, -2000)) * measured,
        measured=measured,
    )


@given(heard=st.lists(observations(), max_size=20), seed=st.randoms(use_true_random=False))
def test_any_order_gives_the_same_evidence(heard: list[Observation], seed: Random) -> None:
    shuffled = list(heard)
    seed.shuffle(shuffled)

    assert fold(shuffled) == fold(heard)
    assert list(fold(shuffled)) == list(fold(heard))


@given(heard=st.lists(observations(), max_size=20), cuts=st.lists(st.integers(0, 20), max_size=4))
def test_any_split_into_batches_gives_the_same_evidence(heard: list[Observation], cuts: list[int]) -> None:
    bounds = [0, *sorted(cuts), len(heard)]

    batches = [fold(heard[start:end]) for start, end in pairwise(bounds)]

    assert merged(*batches) == fold(heard)


@given(heard=st.lists(observations(), min_size=1, max_size=20), margin=st.integers(0, 2000))
def test_every_place_that_heard_a_tag_claims_it_strays_or_contains_a_claimant(
    heard: list[Observation], margin: int
) -> None:
    for tag in fold(heard).values():
        location = locate(tag, margin_cdb=margin)
        inner = [place for place in location.contenders if "/" in place]

        places = {seen.place for seen in tag.heard}
        parents = {place for place in places if any(child.startswith(f"{place}/") for child in inner)}
        assert set(location.contenders) | set(location.strays) | parents == places
        assert location.strongest in location.contenders
        assert not set(location.contenders) & set(location.strays)


def one_tag(**strengths: int | None) -> TagEvidence:
    """One tag heard ten times in each place; None: heard without a strength."""
    heard = [
        Observation(
            EPCS[2], PlacePath(place), reads=10, strength_sum_cdbm=10 * (cdbm or 0), measured=0 if cdbm is None else 10
        )
        for place, cdbm in strengths.items()
    ]
    (tag,) = fold(heard).values()
    return tag


def test_six_decibels_decide_and_one_hundredth_less_does_not() -> None:
    assert locate(one_tag(A=-4000, B=-4600)).contenders == ("A",)
    assert locate(one_tag(A=-4000, B=-4599)).contenders == ("A", "B")


def test_a_place_without_strengths_cannot_be_ruled_out() -> None:
    assert locate(one_tag(A=-4000, B=None)).contenders == ("A", "B")


def test_of_a_showcase_and_its_tray_the_tray_claims_the_tag() -> None:
    location = locate(one_tag(**{"A": -4000, "A/1": -4300}))

    assert (location.strongest, location.contenders, location.strays) == ("A/1", ("A/1",), ())


def test_a_tie_goes_to_the_first_path() -> None:
    assert locate(one_tag(B=-4000, A=-4000)).strongest == "A"


def test_reads_of_another_chip_are_left_out_on_request() -> None:
    (tag,) = fold(
        [
            Observation(EPCS[2], PlacePath("A"), Tid("E2801"), strength_sum_cdbm=-6000, measured=1),
            Observation(EPCS[2], PlacePath("B"), Tid("E2802"), strength_sum_cdbm=-3000, measured=1),
        ]
    ).values()

    assert locate(tag, tid=Tid("E2801")).strongest == "A"
    assert tag.tids == ("E2801", "E2802")
