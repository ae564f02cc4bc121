"""The named laws: what theory and earlier studies propose."""

from mtl_theory.laws._form import parse_form
from mtl_theory.laws._variables import Kind, Parameter, Variable

_SAMPLES = Variable(name="n", kind=Kind.POSITIVE, unit="samples per task")
_AUXILIARY = Variable(name="m", kind=Kind.POSITIVE, unit="samples per auxiliary task")
_TASKS = Variable(name="T", kind=Kind.POSITIVE, unit="tasks")
_AMI = Variable(name="A", kind=Kind.UNIT)

MAURER = parse_form(
    "a + b/sqrt(n) + c/sqrt(n*T)",
    [_SAMPLES, _TASKS],
    name="Maurer's form",
    source="Maurer, Pontil and Romera-Paredes 2016, Theorem 1: its orders in n and T",
)

B_FORM = parse_form(
    "a + b/sqrt(n) + c/sqrt(n*T) + e*sqrt(A)",
    [_SAMPLES, _TASKS, _AMI],
    name="the B-form",
    source="Maurer's two terms and the root of the adjusted mutual information, after Bettgenhaeuser, "
    "Hedderich and Klakow 2020",
)

POOLED = parse_form(
    "f0 - b*(n*(1 + (T - 1)*k*A))**-p",
    [_SAMPLES, _TASKS, _AMI],
    name="the pooled-sample form",
    parameters=[Parameter(name="k", low=0.0, high=100.0), Parameter(name="p", low=0.0, high=10.0)],
    source="an auxiliary label of AMI A counts as k A labels of the main task",
)

UNBALANCED = parse_form(
    "a + b/sqrt(n) + sqrt(A)*(c + e/sqrt(T)) + g/sqrt(m)",
    [_SAMPLES, _AUXILIARY, _TASKS, _AMI],
    name="the unbalanced form",
    source="roots only, for n samples of the main task and m of each auxiliary task",
)

CHINCHILLA = parse_form(
    "E + A*N**-alpha + B*D**-beta",
    [
        Variable(name="N", kind=Kind.POSITIVE, unit="parameters"),
        Variable(name="D", kind=Kind.POSITIVE, unit="tokens"),
    ],
    name="Chinchilla's form",
    parameters=[
        Parameter(name="alpha", low=0.0, high=5.0, start=0.5),
        Parameter(name="beta", low=0.0, high=5.0, start=0.5),
    ],
    source="Hoffmann et al. 2022, equation 2",
)

POOLED_PAIR = parse_form(
    "s*p/(n1 + n2 - p) + m*(n1**2*(n1 + n2 - p) + p*n1*n2)/((n1 + n2)**2*(n1 + n2 - p))",
    [
        Variable(name="n1", kind=Kind.POSITIVE, unit="source samples"),
        Variable(name="n2", kind=Kind.POSITIVE, unit="target samples"),
        Variable(name="p", kind=Kind.POSITIVE, unit="features"),
    ],
    name="the pooled-pair form",
    source="risk of the second of two pooled tasks, noise variance s, squared distance m: Yang et al. 2020, "
    "the ledger's asymptotics/model-shift entries at head ratio 1",
)

WEIGHT_NOISE = parse_form(
    "a - b/T + g*v/T",
    [Variable(name="v", kind=Kind.POSITIVE, unit="expected squared length of a unit's weight noise"), _TASKS],
    name="the weight-noise form",
    source="T orthonormal tasks on one map of k units: clean error 1 - k/T, head energy k/T a task as the "
    "slope in the noise; Daras et al. 2022, equations 7 and 8",
)
