"""The figures about ReLU teachers of several neurons."""

from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from mtl_theory.experiments._experiment import Panel
from mtl_theory.experiments._selection import select
from mtl_theory.experiments._text import measured, prose
from mtl_theory.experiments.wu._labels import GAIN, RELATIVE, RELU_ALONE
from mtl_theory.experiments.wu._plots import plot_lines

if TYPE_CHECKING:
    import pandas as pd

MIXED, UNIT = "mixture of neurons", "unit neurons at the same cosine"
SIMILAR = "Figure 8: the higher α, the larger the gain of the target."


def relu_panels(rows: "pd.DataFrame") -> tuple[Panel, ...]:
    """Return the figures: over the paper's α, and over the principal cosine."""
    gains = select(rows, quantity=GAIN)
    mixed = select(gains, protocol=MIXED)
    sizes = list(dict.fromkeys(mixed["source"]))
    alone = measured(
        select(rows, quantity=RELATIVE, method=RELU_ALONE), protocol=MIXED, source=sizes[-1], level=1.0
    )
    return (
        Panel(
            name="mixture",
            title="Figure 8: gain of the target over the mixture α",
            claim=SIMILAR,
            finding=prose(
                f"""Single-task relative error {alone}. {_told(mixed, "level", "α")} {_order(mixed)}"""
            ),
            alt="Gain over α for two source sizes: at or below zero until the middle, positive at one.",
            draw=partial(
                plot_lines, _by_size(mixed), xlabel="mixture α", ylabel="gain in relative error", even=0.0
            ),
        ),
        Panel(
            name="principal-cosine",
            title="The same over the principal cosine, for mixtures and for unit neurons",
            claim="The text calls α the principal cosine.",
            finding=prose(
                f"""The principal cosine is α / √(α² + (1 − α)²): α = 0.25, 0.5, 0.75 mean 0.32, 0.71, 0.95,
                so the axis of the figure is bent. Unit neurons at the same cosines:
                {_told(select(gains, protocol=UNIT), "second", "cosine")} Mixtures also have shorter neurons
                than the target's, a second difference that the heads take up."""
            ),
            alt="Gain over the principal cosine: at or below zero until the last points, positive at one.",
            draw=partial(
                plot_lines,
                {
                    f"{kind}, {size}": select(gains, protocol=kind, source=size)
                    for kind, size in gains[["protocol", "source"]].drop_duplicates().itertuples(index=False)
                },
                x="second",
                xlabel="principal cosine of the teachers",
                ylabel="gain in relative error",
                even=0.0,
            ),
        ),
    )


def _by_size(rows: "pd.DataFrame") -> "dict[str, pd.DataFrame]":
    return {f"source of {size}": group for size, group in rows.groupby("source", sort=False)}


def _told(rows: "pd.DataFrame", column: str, name: str) -> str:
    """Return the gains at the ends and near the middle, for each source size."""
    parts = []
    for size, group in rows.groupby("source", sort=False):
        levels = sorted(group[column].unique())
        chosen = (levels[0], levels[len(levels) // 2], levels[-1])
        listed = ", ".join(f"{measured(group, **{column: at})} at {name} {at:.2g}" for at in chosen)
        parts.append(f"Source of {size}: gain {listed}.")
    return " ".join(parts)


def _order(rows: "pd.DataFrame") -> str:
    """Return whether the gain rises with the mixture, and where it is negative."""
    parts = []
    for size, group in rows.groupby("source", sort=False):
        at = group.sort_values("level")
        lowest, highest = (at.loc[getattr(at["value"], which)(), "level"] for which in ("idxmin", "idxmax"))
        falls = at["value"].diff() < -2 * np.hypot(at["stderr"], at["stderr"].shift())
        shape = "it falls somewhere by more than two standard errors" if falls.any() else "no sure fall"
        negative = (at["value"] < -2 * at["stderr"]).sum()
        parts.append(
            f"{size}: lowest at α {lowest:g}, highest at {highest:g}, {shape}, surely negative at {negative} "
            f"of {len(at)} mixtures"
        )
    return (
        f"Order in α ({'; '.join(parts)}): similar teachers gain most, and a shared network no wider than "
        "one teacher has no room for two that differ."
    )
