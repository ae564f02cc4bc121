"""Small theorems and experiments whose verdicts are known, for the rooms that only show them."""

import numpy as np
import pandas as pd
import pytest
import sympy as sp

from mtl_theory.experiments import Experiment, Outcome, Panel
from mtl_theory.theorem import Assumption, Case, Kind, Source, Theorem, Verdict

HOSTILE = "<script>alert(1)</script> & \"quotes\" 'here'"
x, y = sp.symbols("x y")


def make_theorem(id, *, claim=1.0, truth=1.0, title="A mean", kind=Kind.EQUALITY, trials=400, **more):
    """Claim that the mean of Gaussian draws around `truth` is `claim`."""
    fields = {
        "predict": lambda mean: claim,
        "measure": lambda rng, mean, n: mean + (trials > 1) * rng.standard_normal((n, 1)),
        "statement": sp.Eq(sp.Function("E")(x), sp.Symbol("mu_0")),
        "cases": (Case(name="unit variance", build=lambda rng: truth, trials=trials),),
    }
    return Theorem(
        id=id,
        title=title,
        source=Source(paper="Daras et al. 2022", where="Theorem 1"),
        kind=kind,
        **(fields | more),
    )


POSITIVE = Assumption(name="positive", statement="the mean is positive", holds=lambda mean: mean > 0)

HOLDS = make_theorem("coins/holds", derive=lambda: (x - x,), remark="Stated with care.")
REFUTED = make_theorem("coins/wrong-as-printed", claim=2.0, expected=Verdict.REFUTED, title=HOSTILE)
BOUND = make_theorem("coins/bound", claim=9.0, kind=Kind.BOUND, statement=sp.Le(x, 9))
EXCLUDED = make_theorem(
    "dice/does-not-apply",
    assumptions=(POSITIVE,),
    cases=(Case(name="unit variance", build=lambda rng: -1.0, expected=Verdict.DOES_NOT_APPLY),),
    expected=Verdict.DOES_NOT_APPLY,
)
BROKEN = make_theorem("dice/broken", claim=2.0, title="Claims two, is one")
UNREFUTED = make_theorem("dice/not-refuted", expected=Verdict.REFUTED)
AS_EXPECTED = (HOLDS, REFUTED, BOUND)


def draw_line(ax):
    ax.plot([0, 1], [0, 1], label="identity")
    ax.set_xlabel("noise variance")
    return ax


def make_panel(name, title="A line", alt="A rising line", draw=draw_line):
    return Panel(name=name, title=title, claim="It rises.", finding="It rises by 1.", alt=alt, draw=draw)


def run_fake(settings):
    settings.progress("draws [bold]", 0.5)
    noise = np.random.default_rng(settings.seed).standard_normal(3)
    rows = pd.DataFrame({"n_tasks": [4, 5, 6], "value": noise, "quick": settings.quick})
    notes = () if settings.data else ("MNIST was skipped: no folder was given with --data.",)
    settings.progress("done", 1.0)
    return Outcome(rows=rows, panels=(make_panel("error"), make_panel("slope", title=HOSTILE)), notes=notes)


FAKE = Experiment(id="daras/fake", paper="daras", title="A fake experiment", run=run_fake)


@pytest.fixture
def catalogue():
    """Return the fakes by name."""
    return {
        "holds": HOLDS,
        "refuted": REFUTED,
        "bound": BOUND,
        "excluded": EXCLUDED,
        "broken": BROKEN,
        "unrefuted": UNREFUTED,
        "fake": FAKE,
        "hostile": HOSTILE,
        "make_theorem": make_theorem,
        "make_panel": make_panel,
    }
