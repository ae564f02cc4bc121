"""Drawing of label statistics: one function a kind of picture, each takes and returns axes."""

from typing import TYPE_CHECKING

from mtl_theory.experiments._selection import select

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

OF_ONE = "2 sd of one corpus"


def plot_alpha(theory: "pd.DataFrame", drawn: "pd.DataFrame", ax: "Axes") -> "Axes":
    """Draw AMI over alpha: the closed form, published values, and drawn labels."""
    ax.plot(theory["level"], theory["value"], label="closed form")
    ax.errorbar(
        drawn["level"], drawn["value"], 2 * drawn["stderr"], fmt="o", mfc="none", label=f"drawn ({OF_ONE})"
    )
    ax.plot(theory["level"], theory["predicted"], "x", color="black", label="published")
    ax.set(xlabel="label agreement α", ylabel="AMI")
    ax.legend()
    return ax


def plot_averages(theory: "pd.DataFrame", ax: "Axes") -> "Axes":
    """Draw published minus theoretical AMI over alpha, a series an average."""
    ax.axhspan(-0.01, 0.01, color="lightgrey", label="one unit in the second digit")
    for name, rows in theory.groupby("method", sort=False):
        ax.plot(rows["level"], rows["predicted"] - rows["value"], "o-", label=str(name))
    ax.set(xlabel="label agreement α", ylabel="published minus theoretical AMI")
    ax.legend(loc="lower center", bbox_to_anchor=(0.5, 1.0), ncols=3)
    return ax


def plot_distances(rows: "pd.DataFrame", ax: "Axes", *, first: str, second: str) -> "Axes":
    """Draw distances from the target over the number of tokens, a colour a target, a style a method."""
    targets, sizes = sorted(rows["A"].unique()), sorted(rows["n"].unique())
    for method, style in ((first, "o-"), (second, "s--")):
        for place, target in enumerate(targets):
            group = select(rows, method=method, A=target).sort_values("n")
            ax.errorbar(
                group["n"],
                group["value"],
                2 * group["stderr"],
                fmt=style,
                color=f"C{place}",
                label=f"{method}, AMI {target:g}",
            )
    ax.set(
        xlabel="tokens",
        ylabel="distance from the target, root mean square",
        xscale="log",
        yscale="log",
    )
    ax.set_xticks(sizes, [f"{size:g}" for size in sizes])
    ax.set_xticks([], minor=True)
    ax.legend()
    return ax
