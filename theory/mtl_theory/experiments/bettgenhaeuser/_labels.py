"""The words that stand in the columns of the rows."""

# Points.
CHANNEL, ROTATED = "label channel", "rotated teacher"
PUBLISHED, ALL_POINTS, MEASURED = "published table", "published table, T = 1 included", "measured"
SINGLE = "single-task"

# Estimators of the simulators: matched filters X'y, and least squares on labels -1 and +1.
ALONE, EQUAL, MATCHED = "single-task filter", "pooled filter, equal weights", "pooled filter, matched weights"
LS_ALONE, LS_EQUAL, LS_MATCHED = (
    "single-task least squares",
    "pooled least squares, equal weights",
    "pooled least squares, matched heads",
)

# Laws.
LINEAR, MAURER_FORM, B, B_PLAIN, ONES = "linear", "Maurer", "B-form", "B-form with AMI", "(1, 1, 1)"
FREE, POOLED_FORM, MISMATCH = "free exponents", "pooled samples", "pooled samples + mismatch"

# Quantities.
AMI, DISTANCE, LARGEST = "AMI", "distance from the target", "largest distance from the target"
ERROR, GAIN, SCORE = "error", "gain over single-task", "F1"
R2, TEST_R2, LEFT_OUT = "R2", "test R2", "root mean squared error on points left out"
NODES, LENGTH = "nodes", "description length"
BREAK_EVEN, BELOW, FLOOR = "break-even AMI", "share of points below single-task", "scatter of replicates"
BEATEN = "share of resamples in which the root fits better"


def constant(name: str) -> str:
    """Return the name of a law's constant as a quantity."""
    return f"constant {name}"


def exponent(variable: str) -> str:
    """Return the name of a variable's free exponent as a quantity."""
    return f"exponent of {variable}"
