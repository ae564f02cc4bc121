"""The figures about similar tasks and the signs of transfer."""

from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from mtl_theory.experiments._experiment import Panel
from mtl_theory.experiments._selection import select
from mtl_theory.experiments._text import measured, prose
from mtl_theory.experiments.wu._plots import plot_lines, plot_phase

if TYPE_CHECKING:
    import pandas as pd

SIMILAR = "The more similar the tasks, the larger the gain; too dissimilar tasks hurt each other."


def cosine_panels(rows: "pd.DataFrame") -> tuple[Panel, ...]:
    """Return the figures in reading order."""
    return (
        _linear(rows),
        _relu(rows),
        _phase(
            rows,
            "cosine",
            title="Where a source helps: cosine against size",
            claim=SIMILAR,
            xlabel="source samples / target samples",
            ylabel="cosine of the two tasks",
            alt="a rising black contour between red cells below it and blue cells above it.",
        ),
        _phase(
            rows,
            "covariance",
            title="Where a source helps: covariance mismatch against size",
            claim=prose(
                """A source of another covariance hurts more. Here: variances λ² on half of the axes and
                1/λ² on the others, beside an isotropic target with μ = 0.32. The follow-up paper: for
                equal tasks it helps the small source and hurts the large one, compared with equal
                covariances."""
            ),
            xlabel="source samples / target samples",
            ylabel="covariance mismatch, log2 λ",
            alt="blue cells at small mismatch, red or pale ones above a bent black contour.",
        ),
        _phase(
            rows,
            "capacity",
            title="Where one shared vector helps ten tasks",
            claim=prose(
                """Capacity below the sum of the single tasks' is a rule of thumb of the paper. Follow-up:
                with random effects μ, capacity 1 is best if μ² < pσ²/(n − p), else no sharing helps."""
            ),
            xlabel="samples / features",
            ylabel="spread μ of the tasks",
            alt="a falling black contour; blue cells below it, red cells above it.",
        ),
    )


def _linear(rows: "pd.DataFrame") -> Panel:
    found = {name: select(rows, quantity=name) for name in ("Spearman correlation", "sign accuracy")}
    at = {name: partial(measured, group) for name, group in found.items()}
    away = max(float((group["value"] - group["predicted"]).abs().max()) for group in found.values())
    return Panel(
        name="linear",
        title="Figure 7, linear tasks: performance under a shared vector follows the cosine",
        claim=SIMILAR,
        finding=prose(
            f"""At cosine 1, 0.8, 0.5 and 0.2 the Spearman correlation is
            {", ".join(at["Spearman correlation"](level=c) for c in (1.0, 0.8, 0.5, 0.2))} and the sign
            accuracy {", ".join(at["sign accuracy"](level=c) for c in (1.0, 0.8, 0.5, 0.2))}; the closed
            forms (lines) are met within {away:.3f}, worst at cosine 1, where labels reduced to signs cost
            accuracy at this number of samples. Negative cosines do as well as positive ones: a head
            takes the sign. Single-task regression scores 1 here, so without noise sharing never gains: the
            order in similarity holds, the positive side of the figure needs noise."""
        ),
        alt="Two curves over the cosine, symmetric about zero, lowest in the middle and one at both ends.",
        draw=partial(
            plot_lines, found, xlabel="cosine of the two tasks", ylabel="mean over both tasks", even=1.0
        ),
    )


def _relu(rows: "pd.DataFrame") -> Panel:
    found = select(rows, quantity="relative ReLU error")
    at = partial(measured, found)
    away = float((found["value"] - found["predicted"]).abs().max())
    return Panel(
        name="relu",
        title="Figure 7, ReLU tasks: no sign symmetry",
        claim=SIMILAR,
        finding=prose(
            f"""One shared ReLU neuron leaves a mean relative error of {at(level=0.95)} at cosine 0.95,
            {at(level=0.5)} at 0.5, {at(level=0.2)} at 0.2 and {at(level=-0.8)} at −0.8, where it follows one
            task and gives the other up; the arc-cosine closed form (line) is met within {away:.3f}.
            Single-task learning is exact here."""
        ),
        alt="Error over the cosine: near one half for negative cosines, falling to zero at one.",
        draw=partial(
            plot_lines,
            {"one shared ReLU neuron": found},
            xlabel="cosine of the two tasks",
            ylabel="relative error, mean over both tasks",
            even=0.0,
        ),
    )


def _phase(
    rows: "pd.DataFrame", name: str, *, title: str, claim: str, xlabel: str, ylabel: str, alt: str
) -> Panel:
    cells = select(rows, protocol=f"{name} phase")
    sure = cells[cells["value"].abs() > 2 * cells["stderr"]]
    agree = np.sign(sure["value"]) == np.sign(sure["predicted"])
    wrong = sure[~agree]
    where = (
        f" The others lie at predicted gains of at most {wrong['predicted'].abs().max():.3f} in size."
        if len(wrong)
        else ""
    )
    return Panel(
        name=f"phase-{name}",
        title=title,
        claim=claim,
        finding=prose(
            f"""Of {len(cells)} cells of {int(cells["n_draws"].max())} draws {len(sure)} have a gain whose
            sign is sure (two standard errors); the closed form has the same sign in {agree.mean():.0%} of
            them.{where} Transfer is positive in {(cells["predicted"] > 0).mean():.0%} of the cells by the
            closed form, {(cells["value"] > 0).mean():.0%} simulated."""
        ),
        alt=f"Coloured cells: {alt}",
        draw=partial(plot_phase, cells, xlabel=xlabel, ylabel=ylabel, log_x=True),
    )
