"""The figures about real text."""

from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from mtl_theory.experiments._experiment import Panel
from mtl_theory.experiments._selection import select, value_of
from mtl_theory.experiments._text import measured, prose
from mtl_theory.experiments.wu._labels import (
    ACCURACY,
    ALIGNED,
    ALONE,
    DOWN,
    GAIN,
    GAIN_PLAIN,
    R_SQUARED,
    RELU_ALONE,
    RELU_SHARED,
    SHARED,
    SIMILARITY,
    WEIGHT,
)
from mtl_theory.experiments.wu._plots import plot_bars, plot_lines, plot_matrix, plot_points
from mtl_theory.experiments.wu._text_joint import (
    CLEAN,
    EQUAL,
    INVERSE,
    KENDALL,
    MEAN,
    METHODS,
    NOISY,
    RAW,
    UNIT,
)
from mtl_theory.experiments.wu._text_pairs import COSINE_OF_ALONE, R_GAIN

if TYPE_CHECKING:
    import pandas as pd

RANK = 9  # of four tasks and of six whose labels sum to a constant
POINTS = "gain in accuracy, points"


def text_panels(rows: "pd.DataFrame", names: Sequence[str]) -> tuple[Panel, ...]:
    """Return the figures in reading order."""
    return (
        _transfer(rows, names),
        _explained(rows, names),
        _relu(rows),
        _capacity(rows),
        _alignment(rows, names),
        _similarity(rows),
        _weights(rows),
        _labels(rows),
    )


def _transfer(rows: "pd.DataFrame", names: Sequence[str]) -> Panel:
    gains = select(rows, method=SHARED, quantity=GAIN)
    alone = partial(measured, select(rows, method=ALONE, quantity=ACCURACY, level=0, protocol=""))
    return Panel(
        name="transfer",
        title="Who helps whom: accuracy of pairs with one shared vector, minus single-task",
        claim=prose(
            """Whether two tasks help or hurt each other under a shared module depends on their similarity;
            related text tasks help each other."""
        ),
        finding=prose(
            f"""{_signs(gains)} Largest: {_extreme(gains, "idxmax")}; smallest: {_extreme(gains, "idxmin")}.
            Single-task accuracies: {", ".join(f"{name} {alone(target=name)}" for name in names[:4])}. For
            linear models on these features, sharing one vector mostly hurts."""
        ),
        alt="Square of numbers, targets by sources: mostly red or pale, darkest between classes of TREC.",
        draw=partial(plot_matrix, gains, names=names, label=POINTS, scale=100.0),
    )


def _explained(rows: "pd.DataFrame", names: Sequence[str]) -> Panel:
    gains = select(rows, method=SHARED, quantity=R_GAIN)
    cosines = select(rows, quantity=COSINE_OF_ALONE).set_index(["target", "source"])["value"]
    alone = select(rows, method=ALONE, quantity=R_SQUARED).set_index("target")["value"]
    paired = gains.set_index(["target", "source"])["value"]
    helped = ", ".join(
        f"{name} (single-task {alone[name]:.2f})" for name in names if (paired[name] > 0).mean() >= 0.8
    )
    rank = _rank_correlation(cosines.abs().reindex(paired.index), paired)
    return Panel(
        name="explained-variance",
        title="The same in explained variance: sharing helps where least squares alone overfits",
        claim="Similar tasks (cosine of their solutions) help each other, dissimilar ones hurt.",
        finding=prose(
            f"""{_signs(gains)} Tasks that gain from at least four fifths of the partners:
            {helped or "none"}: there a partner of any kind acts as a regulariser. The cosines of the
            single-task solutions lie between {cosines.min():.2f} and {cosines.max():.2f}; the rank
            correlation of their size with the gain over all ordered pairs is {rank:.2f}. So the claim that
            similarity decides is {"borne out" if rank > 0.3 else "not borne out"} on these tasks: the
            largest cosines are those of TREC's classes, which exclude each other. Rare classes (TREC
            abbreviations) lose their share of the vector to any partner, because the loss is unweighted and
            their labels vary little."""
        ),
        alt="Square of coloured numbers: blue rows for tasks that overfit alone, red elsewhere.",
        draw=partial(
            plot_matrix, gains, names=names, label="gain in explained variance, points", scale=100.0
        ),
    )


def _relu(rows: "pd.DataFrame") -> Panel:
    gains = select(rows, method=RELU_SHARED, quantity=GAIN)
    alone = select(rows, method=RELU_ALONE, quantity=ACCURACY)
    names = list(alone["target"])
    listed = ", ".join(f"{name} {measured(alone, target=name)}" for name in names)
    return Panel(
        name="relu",
        title="Pairs of sets with two shared ReLU units, minus single-task ReLU networks",
        claim="The linear picture carries over to ReLU models.",
        finding=prose(
            f"""Single-task: {listed}. {_signs(gains)} Largest: {_extreme(gains, "idxmax")}; smallest:
            {_extreme(gains, "idxmin")}. Networks of two units on 20 features, TREC by its most balanced
            class."""
        ),
        alt="Square of coloured numbers for five tasks.",
        draw=partial(plot_matrix, gains, names=names, label=POINTS, scale=100.0),
    )


def _capacity(rows: "pd.DataFrame") -> Panel:
    curve = rows[(rows["quantity"] == ACCURACY) & (rows["level"] > 0)]
    shared, alone = select(curve, method=SHARED), select(curve, method=ALONE)
    mean = select(shared, target=MEAN).sort_values("level")
    best = _best(mean)
    within = mean[mean["value"] >= best["value"] - 2 * best["stderr"]]["level"].min()
    single = partial(measured, alone)
    best_of = ", ".join(
        f"{name} {_best(group)['level']:g}"
        for name, group in shared.groupby("target", sort=False)
        if name != MEAN
    )
    better = best["value"] - value_of(alone, target=MEAN)
    return Panel(
        name="capacity",
        title="Table 1's question: the best capacity of one map for all tasks",
        claim=prose(
            """The best width of the shared module lies below the sum of the single-task widths, and sharing
            at that width beats single-task learning."""
        ),
        finding=prose(
            f"""Ten linear tasks of capacity 1 (sum 10, rank 9). The mean accuracy of the five sets is
            {measured(mean, level=1.0)} at capacity 1, best at {best["level"]:g} with
            {measured(mean, level=best["level"])}, {single(target=MEAN)} single-task; within two standard
            errors of the best from capacity {within:g} on. Best capacity by set: {best_of}. The best
            capacity is {"below" if best["level"] < RANK else "not below"} the rank, from which on the map
            restricts nothing; its gain over single-task learning is {100 * better:.2f} points. A smaller
            map costs little; that it helps, as in the table, is not seen with these linear models."""
        ),
        alt="Accuracy over capacity: rising at first, flat from about five on.",
        draw=partial(
            plot_lines,
            {str(name): group for name, group in shared.groupby("target", sort=False)},
            xlabel="capacity of the shared map (10: single-task learning)",
            ylabel="accuracy",
        ),
    )


def _alignment(rows: "pd.DataFrame", names: Sequence[str]) -> Panel:
    plain = select(rows, method=ALIGNED, quantity=GAIN_PLAIN)
    alone = select(rows, method=ALIGNED, quantity=GAIN)
    pairs = _by_pair(plain)
    return Panel(
        name="alignment",
        title="Algorithm 1 against plain multitask learning, stopped by validation error",
        claim="Covariance alignment improves multitask accuracy on 13 of 15 pairs, by up to 4.1 points.",
        finding=prose(
            f"""Averaged over both tasks, Algorithm 1 is above plain multitask learning in
            {(pairs > 0).sum()} of {len(pairs)} pairs, by {100 * pairs.mean():.2f} points on average and
            {100 * pairs.max():.1f} at most. Against single-task learning: {_signs(alone)} Mean
            {100 * alone["value"].mean():.2f} points. The claim against plain multitask holds; what it gains
            is largely what plain sharing had lost, and the method ends at single-task learning."""
        ),
        alt="Square of coloured numbers: mostly blue, largest between the classes of TREC.",
        draw=partial(plot_matrix, plain, names=names, label="gain over multitask, points", scale=100.0),
    )


def _similarity(rows: "pd.DataFrame") -> Panel:
    before, after = (
        _by_pair(select(rows, method=method, quantity=SIMILARITY)) for method in (SHARED, ALIGNED)
    )
    change = after - before
    gain = _by_pair(select(rows, method=ALIGNED, quantity=GAIN_PLAIN))
    rank = _rank_correlation(change, gain)
    return Panel(
        name="similarity",
        title="Covariance similarity before and after alignment",
        claim="Figure 6: the similarity score rises on 15 of 15 pairs.",
        finding=prose(
            f"""The score of the inputs X is {before.mean():.3f} on average and {after.mean():.3f} after
            alignment (X R); it rises on {(change > 0).sum()} of {len(change)} pairs, by
            {change.min():.4f} to {change.max():.4f}. The rank correlation of the rise with the gain in
            accuracy over plain multitask is {rank:.2f}. R differs from the identity by one rank-one matrix
            for one shared vector, which moves the score as a side effect."""
        ),
        alt="Points of the score after alignment over the score before, near the diagonal.",
        draw=partial(
            plot_points,
            before.to_numpy(),
            after.to_numpy(),
            xlabel="similarity of the inputs",
            ylabel="similarity after alignment",
        ),
    )


def _weights(rows: "pd.DataFrame") -> Panel:
    ratio, down = select(rows, quantity=WEIGHT), select(rows, quantity=DOWN)
    told = "; ".join(
        f"{method}: {measured(ratio, method=method)}, down in {value_of(down, method=method):.0%}"
        for method in METHODS[1:]
    )
    return Panel(
        name="weights",
        title="Weights of a task whose labels were partly redrawn",
        claim="Algorithm 2 gives tasks with noisy labels a smaller weight.",
        finding=prose(
            f"""TREC's six one-vs-rest labels, 20% of the labels of one redrawn by fair coins; its weight
            over the mean of the others, relative to the same with the given labels: {told} of
            {int(down["n_draws"].max())} draws. Redrawn labels of a rare class also have a larger variance,
            which raises the raw weight; unit-norm labels take that out."""
        ),
        alt="Four points with intervals below one, the raw weights nearest to it.",
        draw=partial(
            plot_bars,
            {"noisy over clean": ratio},
            names=list(METHODS[1:]),
            ylabel="relative weight of the noisy task",
            column="method",
        ),
    )


def _labels(rows: "pd.DataFrame") -> Panel:
    gains = select(rows, quantity=GAIN_PLAIN, method=[RAW, UNIT, KENDALL, INVERSE])
    accuracy = partial(measured, select(rows, quantity=ACCURACY, protocol=NOISY))
    told = ", ".join(
        f"{method} {100 * value_of(gains, method=method, protocol=NOISY):.2f}" for method in METHODS[1:]
    )
    largest = 100 * float(np.abs(gains["value"]).max())
    return Panel(
        name="labels",
        title="What the weights change: accuracy of six labels at capacity 2",
        claim=prose(
            """SVD weights improve over equal weights (+0.4 AUC points on 14 labels; +1.0 with 20% of one
            task's labels redrawn) and over Kendall's (+0.1, +0.4)."""
        ),
        finding=prose(
            f"""Mean accuracy with one noisy task: {accuracy(method=ALONE)} single-task,
            {accuracy(method=EQUAL)} equal weights. Gains over equal weights in points, noisy: {told}. No
            weighting moves the accuracy by more than {largest:.2f} points, and none brings capacity 2 up to
            single-task learning: the weights are in the right order, their effect is small."""
        ),
        alt="Gains of four weightings near zero, for given and for partly redrawn labels.",
        draw=partial(
            plot_bars,
            {protocol: select(gains, protocol=protocol) for protocol in (CLEAN, NOISY)},
            names=list(METHODS[1:]),
            ylabel="gain in accuracy over equal weights",
            column="method",
        ),
    )


def _signs(gains: "pd.DataFrame") -> str:
    """Return how many gains are surely positive or negative."""
    up = (gains["value"] > 2 * gains["stderr"]).sum()
    down = (gains["value"] < -2 * gains["stderr"]).sum()
    return (
        f"Of {len(gains)} ordered pairs the target gains in {up}, loses in {down} and neither (within two "
        f"standard errors) in {len(gains) - up - down}; mean {100 * gains['value'].mean():.2f} points."
    )


def _extreme(gains: "pd.DataFrame", which: str) -> str:
    row = gains.loc[getattr(gains["value"], which)()]
    return f"{row['target']} with {row['source']} {100 * row['value']:.1f} ± {100 * row['stderr']:.1f}"


def _best(rows: "pd.DataFrame") -> "pd.Series[Any]":
    return rows.sort_values("value", kind="stable").iloc[-1]


def _by_pair(rows: "pd.DataFrame") -> "pd.Series[float]":
    """Return the mean over both directions of each pair."""
    pair = ["/".join(sorted(both)) for both in zip(rows["target"], rows["source"], strict=True)]
    return rows["value"].groupby(np.array(pair)).mean()


def _rank_correlation(first: "pd.Series[float]", second: "pd.Series[float]") -> float:
    return float(first.rank().corr(second.rank()))
