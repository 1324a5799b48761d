"""VEE of a block: known faults are found, exactly those, and what was read is never lost."""

from dataclasses import replace
from typing import NamedTuple

import numpy as np
import pytest

from pipeline.clock import DAY
from pipeline.schema import Finding, Method, Quality
from pipeline.vee.grid import Grid
from pipeline.vee.rules import RuleBook
from pipeline.vee.validate import as_read, run_vee

nan = np.nan
TELLING = ("V12", "V23")
"""Rules that tell of unusual but real readings."""


class Fault(NamedTuple):
    """What is wrong at a channel, from an interval on."""

    rule_id: str
    channel: int
    first: int
    length: int
    effect: str

    @property
    def cells(self) -> tuple[int, slice]:
        """Where in the grid."""
        return self.channel, slice(self.first, self.first + self.length)


EFFECTS = {
    "lost": lambda energy: np.full_like(energy, nan),
    "zero": np.zeros_like,
    "stuck": lambda energy: np.full_like(energy, energy[0]),
    "tenfold": lambda energy: energy * 10,
    "turned round": np.negative,
    "code": lambda energy: np.full_like(energy, 4294967.295),
    "caught up": lambda energy: np.append(np.zeros(len(energy) - 1), energy.sum()),
}

FAULTS = (
    Fault("V05", 0, 5000, 1, "lost"),
    Fault("V05", 1, 6000, 9, "lost"),
    Fault("V05", 2, 7000, 100, "lost"),
    Fault("V08", 3, 4000, 1, "zero"),
    Fault("V08", 4, 4100, 14, "zero"),
    Fault("V08", 5, 4200, 200, "zero"),
    Fault("V09", 6, 3000, 12, "stuck"),
    Fault("V09", 7, 3100, 400, "stuck"),
    Fault("V10", 0, 9000, 1, "tenfold"),
    Fault("V10", 7, 9400, 1, "tenfold"),
    Fault("V07", 3, 9500, 3, "turned round"),
    Fault("V11", 2, 9600, 2, "code"),
    Fault("V13", 5, 9704, 12, "caught up"),
    Fault("V18", 4, 12000, 31 * 24, "lost"),
)


def with_faults(grid: Grid, faults: tuple[Fault, ...]) -> Grid:
    """A grid in which these things go wrong."""
    energy = grid.energy.copy()
    for fault in faults:
        energy[fault.cells] = EFFECTS[fault.effect](energy[fault.cells])
    return replace(grid, energy=energy, quality=np.where(np.isnan(energy), Quality.MISSING, 0).astype(np.uint8))


def places(findings: list[Finding], grid: Grid) -> set[tuple[str, int, int, int]]:
    """(rule, channel, first, length) of each finding that says something is wrong."""
    return {
        (one.rule_id, int(one.meter_id[1:]), int(np.searchsorted(grid.starts, one.first_start_utc)), one.intervals)
        for one in findings
        if one.rule_id not in TELLING
    }


# ---- known truth -----------------------------------------------------------------------------------------------------


def test_clean_meters_stay_as_they_are(clean_grid: Grid) -> None:
    """Nothing is found, nothing is changed: nights, weekends, holidays, summers, noise, clock changes."""
    result, findings = run_vee(clean_grid, RuleBook())

    assert places(findings, clean_grid) == set()
    assert np.array_equal(result.energy, clean_grid.energy)
    assert np.isnan(result.raw).all()
    assert not result.rule.any()
    assert not result.quality.any()


def test_exactly_the_faults_are_found(clean_grid: Grid) -> None:
    """Every injected fault by its rule, place and length; nothing else."""
    grid = with_faults(clean_grid, FAULTS)
    _, findings = run_vee(grid, RuleBook())
    gap = FAULTS[-1]

    assert len(FAULTS) == 14
    assert places(findings, grid) == {fault[:4] for fault in FAULTS} | {("V05", *gap[1:4])}


def test_only_the_faults_are_changed(clean_grid: Grid) -> None:
    """Every other reading is untouched; a changed one keeps what was read."""
    grid = with_faults(clean_grid, FAULTS)
    result, _ = run_vee(grid, RuleBook())
    at_fault = np.zeros(grid.shape, dtype=np.bool_)
    for fault in FAULTS:
        at_fault[fault.cells] = True
    back = np.where(np.isnan(result.raw), result.energy, result.raw)
    was_read = ~np.isnan(grid.energy)

    assert np.array_equal(result.rule != 0, at_fault & ~np.isnan(result.energy))
    assert not (result.quality[~at_fault]).any()
    assert np.array_equal(result.energy[~at_fault], grid.energy[~at_fault])
    assert np.array_equal(back[was_read], grid.energy[was_read])
    assert np.isnan(result.raw[~was_read]).all()


def test_estimates_are_close_to_the_truth(clean_grid: Grid) -> None:
    """Each repaired run within a few percent of the energy that was there."""
    grid = with_faults(clean_grid, FAULTS)
    result, _ = run_vee(grid, RuleBook())

    for fault in FAULTS[:-1]:
        truth, estimate = clean_grid.energy[fault.cells].sum(), result.energy[fault.cells].sum()
        assert estimate == pytest.approx(truth, rel=0.2 if fault.length < 3 else 0.08), fault
        assert (result.quality[fault.cells] == Quality.ESTIMATED).all()


def test_every_estimate_says_how_and_why(clean_grid: Grid) -> None:
    """Method and rule of each kind of repair."""
    grid = with_faults(clean_grid, FAULTS)
    result, _ = run_vee(grid, RuleBook())
    said = {
        fault[:3]: (int(result.method[fault.channel, fault.first]), int(result.rule[fault.channel, fault.first]))
        for fault in FAULTS
    }

    assert said["V05", 0, 5000] == (Method.LINEAR, 5)
    assert said["V05", 1, 6000] == (Method.AVERAGE_LIKE_DAY, 5)
    assert said["V08", 4, 4100] == (Method.AVERAGE_LIKE_DAY, 8)
    assert said["V09", 7, 3100] == (Method.AVERAGE_LIKE_DAY, 9)
    assert said["V10", 0, 9000] == (Method.LINEAR, 10)
    assert said["V07", 3, 9500] == (Method.AVERAGE_LIKE_DAY, 7)
    assert said["V11", 2, 9600] == (Method.LINEAR, 11)
    assert said["V13", 5, 9704] == (Method.SCALED, 13)
    assert said["V18", 4, 12000] == (Method.NONE, 0)


def test_a_catch_up_keeps_its_energy(clean_grid: Grid) -> None:
    """What came at once is spread over the gap, to the last watt-hour."""
    fault = FAULTS[12]
    grid = with_faults(clean_grid, (fault,))
    result, _ = run_vee(grid, RuleBook())
    spread = result.energy[fault.cells]

    assert spread.sum() == pytest.approx(grid.energy[fault.cells].sum(), rel=1e-12)
    assert spread.max() < 0.3 * spread.sum()
    assert result.raw[fault.channel, fault.first + 11] == grid.energy[fault.channel, fault.first + 11]


def test_a_catch_up_of_a_gap_leaves_no_trace_of_a_reading(clean_grid: Grid) -> None:
    """Where nothing was read, raw stays empty and the rule is that of a gap, also when energy was spread over it."""
    grid = with_faults(clean_grid, (FAULTS[12],))
    energy = np.where(grid.energy == 0, nan, grid.energy)
    grid = replace(grid, energy=energy, quality=np.where(np.isnan(energy), 3, 0).astype(np.uint8))
    result, findings = run_vee(grid, RuleBook())

    assert places(findings, grid) == {("V13", 5, 9704, 12)}
    assert result.rule[5, 9704:9716].tolist() == [5] * 11 + [13]
    assert np.isnan(result.raw[5, 9704:9715]).all()


@pytest.mark.parametrize("share", [0.3, 3.0])
def test_a_peak_that_is_not_worth_its_gap_is_taken_out(share: float, clean_grid: Grid) -> None:
    """Too little or too much for the hours before it: estimated, not spread, and never left as a peak."""
    fault = Fault("V13", 5, 9704, 23, "caught up")
    grid = with_faults(clean_grid, (fault,))
    grid.energy[5, 9726] *= share
    result, findings = run_vee(grid, RuleBook())

    assert {rule for rule, *_ in places(findings, grid)} == {"V08", "V10", "V13"}
    assert result.rule[5, 9726] == 10
    assert result.energy[fault.cells].sum() == pytest.approx(clean_grid.energy[fault.cells].sum(), rel=0.1)


def test_a_long_gap_is_left_null(clean_grid: Grid) -> None:
    """V18: more than 30 days are not estimated, unless the rule is off or the limit moved."""
    grid = with_faults(clean_grid, (FAULTS[-1],))
    cells = FAULTS[-1].cells

    assert np.isnan(run_vee(grid, RuleBook())[0].energy[cells]).all()
    assert not np.isnan(run_vee(grid, RuleBook({"V18": {"days": 32}}))[0].energy[cells]).any()
    result, findings = run_vee(grid, RuleBook({"V18": {"enabled": False}}))
    assert not np.isnan(result.energy[cells]).any()
    assert "V18" not in {one.rule_id for one in findings}


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: f"{fault.rule_id}-{fault.length}")
def test_a_rule_that_is_off_finds_nothing(fault: Fault, clean_grid: Grid) -> None:
    """For one channel, by the meter's settings; the others are judged as ever."""
    grid = with_faults(clean_grid, FAULTS)
    book = RuleBook({}, {(f"m{fault.channel}", "delivered"): {fault.rule_id: {"enabled": False}}})
    _, findings = run_vee(grid, book)
    channels = {channel for rule, channel, *_ in places(findings, grid) if rule == fault.rule_id}
    lost = {4} if fault.rule_id == "V05" else set()

    assert channels == {one.channel for one in FAULTS if one.rule_id == fault.rule_id} - {fault.channel} | lost


# ---- what stays ------------------------------------------------------------------------------------------------------


def test_the_grid_given_is_not_changed(clean_grid: Grid) -> None:
    """Layers may even be one number, broadcast."""
    grid = with_faults(clean_grid, FAULTS)
    before = {name: getattr(grid, name).copy() for name in ("energy", "raw", "quality", "method", "rule")}

    run_vee(grid, RuleBook())

    for name, layer in before.items():
        np.testing.assert_array_equal(getattr(grid, name), layer)


def test_a_suppliers_estimate_is_kept_and_never_a_reference(clean_grid: Grid) -> None:
    """V20: the value stays, quality and method as stated, rule 20; like days are taken elsewhere."""
    quality, method, energy = clean_grid.quality.copy(), clean_grid.quality.copy(), clean_grid.energy.copy()
    estimated = (slice(None), slice(5000, 6000))
    quality[estimated], method[estimated] = Quality.ESTIMATED, Method.SUPPLIER
    energy[0, 5000:6000] = 1000.0
    energy[0, 4990:4995] = nan
    quality[0, 4990:4995] = Quality.MISSING
    result, findings = run_vee(replace(clean_grid, energy=energy, quality=quality, method=method), RuleBook())

    assert places(findings, clean_grid) - {("V05", 0, 4990, 5)} == {("V20", row, 5000, 1000) for row in range(8)} | {
        ("V09", 0, 5000, 1000)
    }
    assert np.array_equal(result.energy[estimated], energy[estimated])
    assert (result.rule[estimated] == 20).all()
    assert (result.method[estimated] == Method.SUPPLIER).all()
    assert result.energy[0, 4990:4995].max() < 100


def test_what_a_person_edited_stays(clean_grid: Grid) -> None:
    """Also when it is a spike, or made missing."""
    grid = with_faults(clean_grid, (FAULTS[8],))
    quality, method, energy = grid.quality.copy(), np.array(grid.method), grid.energy.copy()
    quality[0, 9000], method[0, 9000] = Quality.EDITED, Method.EDIT
    energy[0, 9100], quality[0, 9100], method[0, 9100] = nan, Quality.MISSING, Method.EDIT
    result, _ = run_vee(replace(grid, energy=energy, quality=quality, method=method), RuleBook())

    assert result.energy[0, 9000] == grid.energy[0, 9000]
    assert np.isnan(result.energy[0, 9100])
    assert not result.rule.any()


def test_doubtful_readings_are_not_taken_out(clean_grid: Grid) -> None:
    """Where dates cannot be trusted (V01) no neighbour says that a reading is wrong: it stays, with its mark."""
    energy, rule = clean_grid.energy.copy(), np.zeros(clean_grid.shape, dtype=np.uint8)
    energy[0, 9000] *= 10
    rule[0] = 1

    result, findings = run_vee(replace(clean_grid, energy=energy, rule=rule), RuleBook())

    assert "V10" in {one.rule_id for one in findings}
    assert (result.energy[0] == energy[0]).all()
    assert (result.rule[0] == 1).all()


def test_what_a_person_edited_is_no_reference(clean_grid: Grid) -> None:
    """Like days are actual readings."""
    energy, quality = clean_grid.energy.copy(), clean_grid.quality.copy()
    for week in (-2, -1, 1, 2):
        edited = (0, slice(5000 + 168 * week, 5005 + 168 * week))
        energy[edited], quality[edited] = 20.0, Quality.EDITED
    energy[0, 5000:5005], quality[0, 5000:5005] = nan, Quality.MISSING
    result, _ = run_vee(replace(clean_grid, energy=energy, quality=quality), RuleBook())

    assert result.energy[0, 5000:5005] == pytest.approx(clean_grid.energy[0, 5000:5005], rel=0.3)


def test_an_earlier_raw_is_kept(clean_grid: Grid) -> None:
    """A reading that was changed when it was placed keeps what the file says when VEE takes it out."""
    grid = with_faults(clean_grid, (FAULTS[8],))
    raw = np.array(grid.raw)
    raw[0, 9000] = 3.5
    result, _ = run_vee(replace(grid, raw=raw), RuleBook())

    assert result.rule[0, 9000] == 10
    assert result.raw[0, 9000] == 3.5


def test_load_that_fades_out_is_kept_with_its_sides(clean_grid: Grid) -> None:
    """A zero that is real makes no gap: the half-valued hour before it is load as well."""
    energy = clean_grid.energy.copy()
    level = energy[6, 5000]
    energy[6, 5001:5005] = [level / 2, 0.0, 1.0, level / 2]
    result, findings = run_vee(replace(clean_grid, energy=energy), RuleBook())

    assert places(findings, clean_grid) == {("V08", 6, 5002, 1)}
    assert np.array_equal(result.energy, energy)


def test_what_was_withheld_is_estimated_and_stays_withheld(clean_grid: Grid) -> None:
    """A value that the supplier marked as no reading (raw, rule 20) is a gap; its rule and raw stay."""
    energy, raw, rule = clean_grid.energy.copy(), np.array(clean_grid.raw), np.array(clean_grid.rule)
    energy[0, 5000], raw[0, 5000], rule[0, 5000] = nan, 77.0, 20
    quality = np.where(np.isnan(energy), Quality.MISSING, 0).astype(np.uint8)
    result, _ = run_vee(replace(clean_grid, energy=energy, raw=raw, rule=rule, quality=quality), RuleBook())

    assert result.energy[0, 5000] == pytest.approx(clean_grid.energy[0, 5000], rel=0.3)
    assert (result.raw[0, 5000], result.rule[0, 5000]) == (77.0, 20)


def test_only_fresh_intervals_are_changed(clean_grid: Grid) -> None:
    """Context serves as reference and lengthens runs; it is not written and not told."""
    faults = (Fault("V09", 0, 5000, 12, "stuck"), Fault("V10", 1, 4000, 1, "tenfold"))
    grid = with_faults(clean_grid, faults)
    grid = replace(grid, channels=grid.channels.assign(fresh_first=5008, fresh_last=6000))
    result, findings = run_vee(grid, RuleBook())

    assert places(findings, grid) == {("V09", 0, 5008, 4)}
    assert np.array_equal(result.energy[:, :5008], grid.energy[:, :5008])
    assert (result.quality[0, 5008:5012] == Quality.ESTIMATED).all()


def test_a_gap_is_measured_with_its_past(clean_grid: Grid) -> None:
    """V18: a day that is missing after 30 missing days is not estimated, whatever an earlier run put there."""
    energy, rule = clean_grid.energy.copy(), np.array(clean_grid.rule)
    quality = clean_grid.quality.copy()
    past, today = slice(5000, 5000 + 30 * 24), slice(5000 + 30 * 24, 5000 + 31 * 24)
    quality[0, past], rule[0, past] = Quality.ESTIMATED, 5
    energy[0, today], quality[0, today] = nan, Quality.MISSING
    table = clean_grid.channels.assign(fresh_first=today.start, fresh_last=today.stop)
    grid = replace(clean_grid, energy=energy, quality=quality, rule=rule, channels=table)
    result, findings = run_vee(grid, RuleBook())

    assert np.isnan(result.energy[0, today]).all()
    assert ("V18", 0, today.start, 24) in places(findings, grid)
    assert np.isnan(as_read(grid).energy[0, past]).all()


def test_a_nightly_run_ends_as_one_run(clean_grid: Grid) -> None:
    """Day by day with its context gives what the whole gives, but for estimates that could not see the future."""
    faults = (Fault("V08", 4, 8010, 14, "zero"), Fault("V10", 7, 8200, 1, "tenfold"), Fault("V05", 0, 8100, 5, "lost"))
    whole, _ = run_vee(with_faults(clean_grid, faults), RuleBook())
    grid = with_faults(clean_grid, faults)
    for first in range(8000, 8240, 24):
        table = grid.channels.assign(fresh_first=first, fresh_last=first + 23)
        grid, _ = run_vee(replace(grid, channels=table), RuleBook())

    assert np.array_equal(grid.rule[:, 8000:8240], whole.rule[:, 8000:8240])
    assert np.array_equal(grid.raw[:, 8000:8240], whole.raw[:, 8000:8240], equal_nan=True)


# ---- totals, holidays, the second look -------------------------------------------------------------------------------


def test_a_known_total_scales_the_gap_inside_it(clean_grid: Grid) -> None:
    """V13: the estimate takes exactly what the readings around it leave of the total."""
    grid = with_faults(clean_grid, (FAULTS[1],))
    total = float(clean_grid.energy[1, 5900:6100].sum())
    result, findings = run_vee(grid, RuleBook(), totals=[(1, 5900, 6099, total)])

    assert result.energy[1, 5900:6100].sum() == pytest.approx(total, rel=1e-12)
    assert (result.method[FAULTS[1].cells] == Method.SCALED).all()
    assert places(findings, grid) == {FAULTS[1][:4]}


def test_a_total_of_the_same_readings_brings_no_spike_back(clean_grid: Grid) -> None:
    """A file's total that includes the spike is no evidence for it."""
    grid = with_faults(clean_grid, (FAULTS[8],))
    result, _ = run_vee(grid, RuleBook(), totals=[(0, 8900, 9099, float(grid.energy[0, 8900:9100].sum()))])

    assert result.energy[0, 9000] < 0.2 * grid.energy[0, 9000]


def test_a_total_that_nothing_explains_is_told(clean_grid: Grid) -> None:
    """V13: no gap to take the difference."""
    _, findings = run_vee(clean_grid, RuleBook(), totals=[(1, 5900, 6099, 1.0)])

    assert places(findings, clean_grid) == {("V13", 1, 5900, 200)}


def test_an_estimate_that_is_suspect_is_withdrawn(clean_grid: Grid) -> None:
    """A total that would make a spike of one missing hour is not believed."""
    grid = with_faults(clean_grid, (FAULTS[0],))
    total = float(clean_grid.energy[0, 4900:5100].sum()) * 2
    result, findings = run_vee(grid, RuleBook(), totals=[(0, 4900, 5099, total)])

    assert np.isnan(result.energy[0, 5000])
    assert result.quality[0, 5000] == Quality.MISSING
    assert ("V10", 0, 5000, 1) in places(findings, grid)


def test_holidays_are_estimated_as_sundays(clean_grid: Grid) -> None:
    """A holiday among weekdays is a quiet day."""
    holiday = int(clean_grid.local_days()[0]) + 368
    cells = (7, np.flatnonzero(clean_grid.local_days() == holiday))
    energy = clean_grid.energy.copy()
    energy[cells] = nan
    grid = replace(clean_grid, energy=energy, quality=np.where(np.isnan(energy), 3, 0).astype(np.uint8))
    plain, quiet = (
        run_vee(grid, RuleBook(), holidays=days)[0].energy[cells].sum() for days in (None, np.array([holiday]))
    )

    assert (holiday * DAY // DAY + 3) % 7 < 5
    assert quiet < 0.8 * plain


def test_billing_periods_are_judged_by_what_needs_no_step(make_grid) -> None:
    """Intervals without a common length: a negative one is taken out, nothing is estimated, nothing fails."""
    grid = make_grid([[310.0, -5.0, 290.0, 290.0, 290.0, 290.0, 290.0, 290.0]], minutes=1440 * 30)
    result, findings = run_vee(replace(grid, minutes=0), RuleBook(), now=int(grid.ends[-1]))

    assert [one.rule_id for one in findings] == ["V07"]
    assert np.isnan(result.energy).tolist() == [[False, True] + [False] * 6]


@pytest.mark.parametrize("shape", [(0, 24), (3, 0), (1, 1)], ids=str)
def test_nothing_to_do_is_no_trouble(shape: tuple[int, int], make_grid) -> None:
    """No channel, no interval, one missing reading."""
    result, _ = run_vee(make_grid(np.full(shape, nan)), RuleBook(), now=0)

    assert result.shape == shape
