"""A fitted law as pictures: one function each, on the axes it is given."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from mtl_simulators._typing import FloatArray
from mtl_theory.laws import TIE, Kind, Law, Profile, Ranked, Variable
from mtl_theory.report._axes import plain_numbers
from mtl_theory.report._style import PALETTE
from mtl_theory.report._sweep_layout import in_words

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

FITTED, HELD_OUT, LAW = PALETTE[0], PALETTE[1], "0.15"
# An axis is logarithmic where its positive values span this factor.
WIDE = 10.0


def plot_front(front: Sequence[Ranked], best: Ranked, *, ax: "Axes") -> "Axes":
    """Draw description length and extrapolation error of the laws on a front against their complexity.

    The band holds the laws that the data cannot tell from the shortest; the axis is linear there and
    logarithmic above it. The best law is a star; extrapolation errors have the axis on the right.
    """
    at = [one.complexity for one in front]
    shortest = min(one.description_length for one in front)
    excess = [one.description_length - shortest for one in front]
    ax.axhspan(0.0, TIE, color=FITTED, alpha=0.12, lw=0, label="ties with the shortest")
    ax.plot(at, excess, "-o", color=FITTED, label="description length")
    ax.plot(
        best.complexity,
        best.description_length - shortest,
        "*",
        color=FITTED,
        ms=15,
        mec="white",
        zorder=4,
        label="best law",
    )
    ax.set_yscale("symlog", linthresh=2 * TIE)
    ax.set_ylim(-0.6, 3 * max(*excess, 2 * TIE))
    ax.set_xlabel("complexity, nodes")
    ax.set_ylabel("nats above the shortest description")
    errors = [one.law.scores.extrapolation for one in front]
    if any(error is not None for error in errors):
        right = ax.twinx()
        shown = [np.nan if error is None else error for error in errors]
        right.plot(at, shown, "--D", color=HELD_OUT, ms=4, lw=1.2)
        right.set_ylim(0.0, 1.15 * np.nanmax(shown))
        right.set_ylabel("extrapolation error")
        right.grid(visible=False)
        right.spines["right"].set_visible(True)
        ax.plot([], [], "--D", color=HELD_OUT, ms=4, lw=1.2, label="extrapolation error")
    ax.legend(fontsize=8.5)
    return ax


def plot_predicted(
    law: Law, fitted: "pd.DataFrame", held_out: "pd.DataFrame | None" = None, *, ax: "Axes"
) -> "Axes":
    """Draw measured against predicted values; rows that were held out have their own colour and score."""
    ends = []
    for label, rows, colour, marker in _parts(fitted, held_out):
        predicted, measured = law.predict(rows), rows[law.target].to_numpy()
        score = f"{label}: {len(rows):,} rows, R² {_r2(measured, predicted):.3f}"
        ax.plot(
            predicted, measured, marker, color=colour, ms=4, alpha=_opacity(len(rows)), mew=0, label=score
        )
        ends += [predicted.min(), predicted.max(), measured.min(), measured.max()]
    ax.plot([min(ends), max(ends)], [min(ends), max(ends)], color=LAW, lw=1.2, zorder=3)
    ax.set_xlabel(f"{in_words(law.target)}, predicted")
    ax.set_ylabel("measured")
    _legend(ax)
    return ax


def plot_residuals(
    law: Law, fitted: "pd.DataFrame", held_out: "pd.DataFrame | None" = None, *, ax: "Axes"
) -> "Axes":
    """Draw measured minus predicted against predicted; the band is two standard deviations of the noise."""
    spread = []
    for label, rows, colour, marker in _parts(fitted, held_out):
        predicted = law.predict(rows)
        residuals = rows[law.target].to_numpy() - predicted
        ax.plot(
            predicted, residuals, marker, color=colour, ms=4, alpha=_opacity(len(rows)), mew=0, label=label
        )
        spread += [predicted.min(), predicted.max()]
    at = np.linspace(min(spread), max(spread), 100)
    low, high = (
        at * np.expm1(s * 2 * law.noise) if law.noise_is_relative else 0 * at + s * 2 * law.noise
        for s in (-1, 1)
    )
    ax.fill_between(at, low, high, color="0.5", alpha=0.15, lw=0, label="± 2 sd of the noise")
    ax.axhline(0.0, color=LAW, lw=1.2)
    ax.set_xlabel(f"{in_words(law.target)}, predicted")
    ax.set_ylabel("measured − predicted")
    _legend(ax)
    return ax


def plot_factor(
    law: Law,
    variable: str,
    fitted: "pd.DataFrame",
    held_out: "pd.DataFrame | None" = None,
    *,
    at: Mapping[str, float] | None = None,
    ax: "Axes",
) -> "Axes":
    """Draw the law against one variable, the others fixed, with its interval shaded.

    Points are the rows, moved to the fixed values of the other variables along the law: prediction there plus
    the row's own residual. Rows that were held out are shown where they reach beyond the fitted ones in this
    variable; there the line is dashed.

    Parameters
    ----------
    at
        Values of the other variables; where left out, the middle one of the fitted rows.
    """
    middle = {v.name: float(np.quantile(fitted[v.name], 0.5, method="lower")) for v in law.variables}
    fixed = {**middle, **(at or {})}
    low, high = law.domain[variable]
    if held_out is not None and held_out[variable].between(low, high).all():
        held_out = None
    for _, rows, colour, marker in _parts(fitted, held_out):
        moved = {name: np.full(len(rows), value) for name, value in fixed.items()}
        moved[variable] = rows[variable].to_numpy()
        lifted = law.predict(moved) + rows[law.target].to_numpy() - law.predict(rows)
        ax.plot(moved[variable], lifted, marker, color=colour, ms=4, alpha=_opacity(len(rows)), mew=0)
    every = np.concatenate([rows[variable].to_numpy() for _, rows, _, _ in _parts(fitted, held_out)])
    axis = _axis_points(law, variable, float(every.min()), float(every.max()), ax)
    curve = {name: np.full(axis.size, value) for name, value in fixed.items()} | {variable: axis}
    inside = (axis >= low) & (axis <= high)
    bottom, top = law.predict_interval(curve)
    ax.fill_between(axis, bottom, top, color=LAW, alpha=0.2, lw=0)
    for part, style in ((inside, "-"), (axis >= high, "--"), (axis <= low, "--")):
        ax.plot(axis[part], law.predict(curve)[part], style, color=LAW, lw=1.6)
    ax.set_xlabel(_with_unit(_variable(law, variable)))
    ax.set_ylabel(in_words(law.target))
    others = ", ".join(f"{name} = {value:,.4g}" for name, value in fixed.items() if name != variable)
    ax.set_title(f"at {others}" if others else "", fontsize=9.5, color="0.35")
    return ax


def plot_profile(profile: Profile, ax: "Axes") -> "Axes":
    """Draw how much worse the law fits where one exponent is held; the shaded interval is the law's level.

    A cross marks the exponent that the law has fixed.
    """
    values, rise = profile.values, profile.rise
    ax.plot(values, rise, color=FITTED)
    low, high = np.clip(profile.interval, values[0], values[-1])
    ax.axvspan(low, high, color=FITTED, alpha=0.12, lw=0)
    ax.axhline(profile.allowed, color="0.5", lw=0.9, ls=":")
    if profile.fixed is not None:
        height = float(np.interp(profile.fixed, values, rise))
        ax.plot(
            profile.fixed,
            height,
            "X",
            color=PALETTE[5],
            ms=9,
            mec="white",
            label=f"fixed at {profile.fixed:g}",
        )
    ax.plot(profile.best, 0.0, "o", color=FITTED, label=f"best {profile.best:.3g}", clip_on=False, zorder=4)
    ax.set_ylim(0.0, max(4 * profile.allowed, 0.0 if profile.fixed is None else 1.15 * height))
    ax.set_xlabel(profile.label)
    ax.set_ylabel("loss above the best, nats")
    ax.legend(fontsize=8.5)
    return ax


def _parts(
    fitted: "pd.DataFrame", held_out: "pd.DataFrame | None"
) -> "list[tuple[str, pd.DataFrame, str, str]]":
    parts = [("fitted", fitted, FITTED, "o")]
    return parts if held_out is None or held_out.empty else [*parts, ("held out", held_out, HELD_OUT, "D")]


def _variable(law: Law, name: str) -> Variable:
    return next(v for v in law.variables if v.name == name)


def _with_unit(variable: Variable) -> str:
    return f"{in_words(variable.name)} ({variable.unit})" if variable.unit else in_words(variable.name)


def _axis_points(law: Law, variable: str, low: float, high: float, ax: "Axes") -> FloatArray:
    """Return where the law is drawn, and scale the axis to it."""
    if _variable(law, variable).kind is Kind.POSITIVE and high > WIDE * low:
        ax.set_xscale("log")
        plain_numbers(ax.xaxis, high / low)
        return np.geomspace(low, high, 200)
    # A power may have no slope at 0.
    return np.linspace(low + 1e-9 * (high - low) * (low == 0), high, 200)


def _opacity(n_points: int) -> float:
    return float(np.clip(14 / np.sqrt(n_points), 0.25, 0.8))


def _r2(measured: FloatArray, predicted: FloatArray) -> float:
    total = ((measured - measured.mean()) ** 2).sum()
    return float(1 - ((measured - predicted) ** 2).sum() / total) if total > 0 else float("nan")


def _legend(ax: "Axes") -> None:
    """Put the legend where points are fewest, its marks as opaque as a single one."""
    for handle in ax.legend(fontsize=8.5).legend_handles:
        if handle is not None:
            handle.set_alpha(0.9 if hasattr(handle, "get_marker") else 0.3)
