"""Label channels: how they compose, what they tell, and what merging labels leaves."""

from dataclasses import dataclass, field

import numpy as np
import sympy as sp

from mtl_simulators._typing import FloatArray, IntArray
from mtl_simulators.labels import (
    Channel,
    ChannelFamily,
    Merge,
    Resample,
    Symmetric,
    ami_of_agreement,
    contingency_table,
    entropy,
    iid_labels,
    normalized_information,
)
from mtl_theory.ledger.benefit import _proofs
from mtl_theory.ledger.benefit._source import source
from mtl_theory.theorem import Assumption, Case, Kind, Theorem, Verdict

r, k, H = sp.symbols("r k H", positive=True)
i = sp.Symbol("i", integer=True, positive=True)
p = sp.IndexedBase("p", positive=True)
TOKENS = 1_000  # tokens in one draw
# O, PER, ORG, LOC and MISC among the training tokens of CoNLL-2003 (Tjong Kim Sang, De Meulder 2003).
NAMES = np.array([169_578, 11_128, 10_025, 8_297, 4_593]) / 203_621
UNIFORM = np.full(5, 0.2)
COIN = np.full(2, 0.5)
PRIORS = {"entity labels": NAMES, "five equal labels": UNIFORM, "two equal labels": COIN}
kept = r + (1 - r) * p[i]
information = sp.Sum(p[i] * kept * sp.log(kept / p[i]), (i, 1, k)) + (1 - r) * sp.log(1 - r) * (
    1 - sp.Sum(p[i] ** 2, (i, 1, k))
)


@dataclass(frozen=True, kw_only=True)
class TwoChannels:
    """Two channels of one family from the same main labels."""

    prior: FloatArray
    parameters: tuple[float, float]
    family: ChannelFamily = field(default_factory=Resample)

    @property
    def channels(self) -> tuple[Channel, Channel]:
        """Both channels."""
        first, second = (self.family.channel(r, prior=self.prior) for r in self.parameters)
        return first, second


def _composed_tables(rng: np.random.Generator, x: TwoChannels, n: int) -> FloatArray:
    """Return the tables of two auxiliary labels of one main label, and of a label and its label's label."""
    first, second = x.channels
    main = rng.choice(len(x.prior), size=n * TOKENS, p=x.prior)
    one, two = (iid_labels(rng, labels=main, channel=channel) for channel in (first, second))
    further = iid_labels(rng, labels=one, channel=second)

    def table(a: IntArray, b: IntArray) -> FloatArray:
        size = len(x.prior)
        counts = contingency_table(a.reshape(n, -1), b.reshape(n, -1), n_first=size, n_second=size)
        return np.asarray(counts / TOKENS)

    return np.stack([table(one, two), table(main, further)], axis=1)


def _both_amis(x: TwoChannels, shares: FloatArray) -> FloatArray:
    size = len(x.prior)
    return normalized_information(shares.reshape(2, size, size))


def _keeps_the_prior(x: TwoChannels) -> bool:
    return all(np.allclose(channel.output(x.prior), x.prior, atol=1e-12) for channel in x.channels)


def _two(name: str, prior: FloatArray, parameters: tuple[float, float]) -> Case[TwoChannels]:
    x = TwoChannels(prior=prior, parameters=parameters)
    return Case(
        name=f"{name}, r = {parameters[0]:g} and {parameters[1]:g}",
        build=lambda rng: x,
        trials=2_000,
        quick_trials=400,
    )


COMPOSITION = Theorem[TwoChannels](
    id="benefit/channel-composition",
    title="Resampled labels compose: two tasks that copy r₁ and r₂ of the main labels share r₁r₂",
    source=source("its simulated labels, with a channel that composes; derived here"),
    kind=Kind.EQUALITY,
    statement=sp.Eq(sp.Symbol("r_{12}"), sp.Symbol("r_1") * sp.Symbol("r_2")),
    assumptions=(
        Assumption(
            name="the prior is kept",
            statement="the channels keep the distribution of the labels",
            holds=_keeps_the_prior,
        ),
    ),
    predict=lambda x: ami_of_agreement([np.prod(x.parameters)] * 2, prior=x.prior),
    measure=_composed_tables,
    reduce=_both_amis,
    cases=(
        _two("entity labels", NAMES, (0.9, 0.8)),
        _two("five equal labels", UNIFORM, (0.8, 0.6)),
        _two("two equal labels", COIN, (0.9, 0.7)),
        Case(
            name="the paper's symmetric channel on entity labels",
            build=lambda rng: TwoChannels(prior=NAMES, parameters=(0.9, 0.8), family=Symmetric()),
            trials=100,
            expected=Verdict.DOES_NOT_APPLY,
        ),
    ),
    scale=1e-3,
    derive=_proofs.composition,
    remark="Compared: the AMI of two auxiliary labels of one main label, and of a main label with its "
    "label's label, with the AMI at r₁r₂, from the mean table of 1,000 tokens a draw. The symmetric "
    "channel changes the distribution of labels and is closed under composition for equal labels "
    "only.",
)


@dataclass(frozen=True, kw_only=True)
class Copies:
    """Shares of copied labels, for one distribution of labels."""

    prior: FloatArray
    shares: FloatArray


def _from_tables(rng: np.random.Generator, x: Copies, n: int) -> FloatArray:
    joint = [Resample().channel(float(share), prior=x.prior).joint(x.prior) for share in x.shares]
    return normalized_information(np.stack(joint))[None]


def _at_shares(*shares: float) -> tuple[Case[Copies], ...]:
    def case(name: str, prior: FloatArray) -> Case[Copies]:
        return Case(name=name, build=lambda rng: Copies(prior=prior, shares=np.array(shares)))

    return tuple(case(name, prior) for name, prior in PRIORS.items())


INFORMATION = Theorem[Copies](
    id="benefit/resample-information",
    title="The information of resampled labels in closed form",
    source=source("its simulated labels, with a channel that composes; derived here"),
    kind=Kind.EQUALITY,
    statement=sp.Eq(sp.Function("I")(r), information),
    predict=lambda x: ami_of_agreement(x.shares, prior=x.prior),
    measure=_from_tables,
    cases=_at_shares(0.0, 0.01, 0.3, 0.7, 0.99, 1.0),
    scale=1e-3,
    derive=_proofs.information,
    remark="I over the entropy is the AMI, under every average of entropies, because both labels have the "
    "same one. Compared with the definition on the joint table. For small r it is r²(k-1)/2.",
)


def _root_ratio(rng: np.random.Generator, x: Copies, n: int) -> FloatArray:
    """Return sqrt(AMI)/r at r -> 0, the term in r eliminated between two shares."""
    first, second = np.sqrt(_from_tables(rng, x, n)[0]) / x.shares
    return np.array([[(x.shares[0] * second - x.shares[1] * first) / (x.shares[0] - x.shares[1])]])


ROOT = Theorem[Copies](
    id="benefit/root-ami",
    title="The root of the AMI is proportional to the share of copied labels",
    source=source("sqrt(AMI); derived here"),
    kind=Kind.EQUALITY,
    statement=sp.Eq(
        sp.Limit(sp.sqrt(sp.Function("AMI")(r)) / r, r, 0), sp.sqrt((k - 1) / (2 * H)), evaluate=False
    ),
    predict=lambda x: [np.sqrt((len(x.prior) - 1) / (2 * float(entropy(x.prior))))],
    measure=_root_ratio,
    cases=_at_shares(2e-4, 1e-4),
    slack=1e-4,
    scale=0.1,
    derive=_proofs.root_ami,
    remark="1.72 for the entity labels, 1.12 for five and 0.85 for two equal labels. The slack is for the "
    "term in r².",
)


@dataclass(frozen=True, kw_only=True)
class Merged:
    """A distribution of labels, and the coarser label of each."""

    prior: FloatArray
    groups: tuple[int, ...]


def _after_merging(rng: np.random.Generator, x: Merged, n: int) -> FloatArray:
    """Return the AMI through random channels after the merge; a third of them only rename."""
    joint = Merge(groups=x.groups).channel(prior=x.prior).joint(x.prior)
    size = joint.shape[1]
    mixing = np.maximum(rng.random((n, 1, 1)) ** 3 - 0.04, 0.0)
    noise = rng.dirichlet(np.full(size + 1, 0.5), size=(n, size))
    names = np.eye(size + 1)[rng.permuted(np.tile(np.arange(size + 1), (n, 1)), axis=1)[:, :size]]
    return normalized_information(joint @ ((1 - mixing) * names + mixing * noise))[:, None]


def _ceiling(x: Merged) -> list[float]:
    merged = np.bincount(x.groups, weights=x.prior)
    return [2 * float(entropy(merged)) / float(entropy(x.prior) + entropy(merged))]


def _merged(name: str, prior: FloatArray, groups: tuple[int, ...]) -> Case[Merged]:
    x = Merged(prior=prior, groups=groups)
    return Case(name=name, build=lambda rng: x, trials=20_000, quick_trials=2_000)


MERGE = Theorem[Merged](
    id="benefit/merge-ceiling",
    title="Labels that see only merged classes cannot exceed AMI 2H(g)/(H+H(g)); renaming reaches it",
    source=source("AMI as the measure of relatedness; derived here"),
    kind=Kind.BOUND,
    statement=sp.Le(
        sp.Function("AMI")(sp.Symbol("X"), sp.Symbol("Y")),
        2
        * sp.Function("H")(sp.Symbol("g(X)"))
        / (sp.Function("H")(sp.Symbol("X")) + sp.Function("H")(sp.Symbol("g(X)"))),
    ),
    predict=_ceiling,
    measure=_after_merging,
    cases=(
        _merged("entity or not", NAMES, (0, 1, 1, 1, 1)),
        _merged("persons, organisations with places, the rest", NAMES, (0, 1, 2, 2, 0)),
        _merged("five equal labels in two groups", UNIFORM, (0, 0, 1, 1, 1)),
    ),
    slack=1e-9,
    derive=_proofs.merge,
    remark="I(X;Y) is at most H(g(X)) and at most H(Y), so the AMI is at most 2I/(H(X)+I), which rises with"
    " I. The bound is for the arithmetic average of entropies.",
)

THEOREMS = (COMPOSITION, INFORMATION, ROOT, MERGE)
