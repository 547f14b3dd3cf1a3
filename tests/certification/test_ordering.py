"""The kernel that decides whether another order of waves may be used."""

from __future__ import annotations

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from certification.planning.ordering import OpenWave, arranged, laid_over, order_problems, version_of
from certification.planning.problems import problem

calm = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])


@st.composite
def waves(draw):
    public = draw(st.integers(1, 5))
    opt_in = draw(st.integers(0, 3))
    first = draw(st.integers(1, 4))
    sizes = draw(st.lists(st.integers(1, 4), min_size=public + opt_in, max_size=public + opt_in))
    return [
        OpenWave(first + at, f"Wave {at}", tuple(f"r{at}-{n}" for n in range(size)), at >= public)
        for at, size in enumerate(sizes)
    ]


def regions(found):
    return sorted(code for wave in found for code in wave.regions)


@calm
@given(waves(), st.data())
def test_any_arrangement_keeps_every_region_exactly_once(before, data):
    numbers = [wave.number for wave in before]
    order = data.draw(st.permutations(numbers))
    moves = data.draw(st.dictionaries(st.sampled_from(regions(before)), st.sampled_from(numbers)))
    after = arranged(before, order, moves)
    assert regions(after) == regions(before)
    assert [(w.number, w.is_opt_in) for w in after] == [(w.number, w.is_opt_in) for w in before]


@calm
@given(waves(), st.data())
def test_what_is_let_through_keeps_every_constraint(before, data):
    numbers = [wave.number for wave in before]
    order = data.draw(st.permutations(numbers))
    codes = regions(before)
    moves = data.draw(st.dictionaries(st.sampled_from(codes), st.sampled_from(numbers)))
    pairs = data.draw(st.lists(st.tuples(st.sampled_from(codes), st.sampled_from(codes)), max_size=4))
    pairs = [pair for pair in pairs if pair[0] != pair[1]]
    after = arranged(before, order, moves)
    asked = {code for wave in before if wave.is_opt_in for code in wave.regions}
    keeps = (
        all(wave.regions for wave in after)
        and all((code in asked) == wave.is_opt_in for wave in after for code in wave.regions)
        and not any(one in w.regions and other in w.regions for w in after for one, other in pairs)
    )
    assert (order_problems(before, after, pairs=pairs) == []) is keeps


@calm
@given(waves(), st.data())
def test_an_order_undone_is_the_order_before(before, data):
    numbers = [wave.number for wave in before]
    order = data.draw(st.permutations(numbers))
    back = [numbers[order.index(number)] for number in numbers]
    assert arranged(arranged(before, order), back) == tuple(before)


@calm
@given(waves(), st.data())
def test_a_fixed_wave_is_never_touched(before, data):
    at = data.draw(st.integers(0, len(before) - 1))
    one = before[at]
    before[at] = OpenWave(one.number, one.name, one.regions, one.is_opt_in, "two people agreed to it")
    after = arranged(before, data.draw(st.permutations([wave.number for wave in before])))
    same = (after[at].name, after[at].regions) == (one.name, one.regions)
    assert any(one.code == "order-fixed" for one in order_problems(before, after)) is not same


def test_forgotten_twice_and_unknown_are_named():
    before = [OpenWave(2, "A", ("east",)), OpenWave(3, "B", ("north",))]
    after = [OpenWave(2, "A", ("east", "mars")), OpenWave(3, "B", ("east",))]
    assert order_problems(before, after) == [
        problem("order-forgotten", regions=("north",)),
        problem("named-twice", regions=("east",)),
        problem("order-unknown", regions=("mars",)),
    ]
    assert order_problems(before, after[:1]) == [problem("order-waves", numbers=("2", "3"))]


@calm
@given(waves(), st.data())
def test_an_order_has_a_tag_that_every_change_changes(before, data):
    numbers = [wave.number for wave in before]
    order = data.draw(st.permutations(numbers))
    moves = data.draw(st.dictionaries(st.sampled_from(regions(before)), st.sampled_from(numbers)))
    after = arranged(before, order, moves)
    assert (version_of(after) == version_of(before)) is (after == tuple(before))
    assert version_of(tuple(reversed(before))) == version_of(before)


@calm
@given(waves(), st.data())
def test_a_wish_laid_over_the_order_it_was_made_from_is_that_wish(before, data):
    public = [wave.number for wave in before if not wave.is_opt_in]
    late = [wave.number for wave in before if wave.is_opt_in]
    order = data.draw(st.permutations(public)) + data.draw(st.permutations(late))
    homes = {
        code: data.draw(st.sampled_from(late if wave.is_opt_in else public))
        for wave in before
        for code in wave.regions
    }
    wish = arranged(before, order, homes)
    assert arranged(before, *laid_over(before, wish)) == wish


@calm
@given(waves(), waves(), st.data())
def test_a_wish_laid_over_another_order_loses_no_region_and_mixes_no_kind(present, other, data):
    numbers = [wave.number for wave in other]
    wish = arranged(other, data.draw(st.permutations(numbers)))
    after = arranged(present, *laid_over(present, wish))
    asked = {code: wave.is_opt_in for wave in present for code in wave.regions}
    assert regions(after) == regions(present)
    assert all(asked[code] is wave.is_opt_in for wave in after for code in wave.regions)


def test_what_another_operator_changed_stays_where_a_wish_says_nothing_of_it():
    seen = [OpenWave(2, "A", ("east", "west")), OpenWave(3, "B", ("north",))]
    wish = arranged(seen, [3, 2])
    present = [OpenWave(2, "A", ("east", "south")), OpenWave(3, "B", ("north", "west"))]
    order, moves = laid_over(present, wish)
    assert arranged(present, order, moves) == (
        OpenWave(2, "B", ("north",)),
        OpenWave(3, "A", ("east", "south", "west")),
    )
