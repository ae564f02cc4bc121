"""The words that stand in the columns of the rows."""

# Corruptions of the shared map.
NOISE, DELETION, PRUNING = "additive noise", "random deletion", "magnitude pruning"
RESCALED, MULTIPLICATIVE = "rescaled deletion", "multiplicative noise"

# Protocols. As released: one draw for all levels, tasks and T. Corrected: independent draws. The others are
# rivals of the paper's map and heads, under independent draws.
RELEASED, CORRECTED = "released", "corrected"
ALONE, OPTIMAL, RIDGE = "single-task", "loss-optimal", "ridge heads"
LEARNED, RANDOM = "learned", "random unit vectors"

# Ways of training: the released projection to unit norm, or none from two starting scales.
PROJECTED = "unit norm"
PROJECTED_FIVE_PASSES = "unit norm, five passes"
FREE_RELEASED_START = "free norm, start 1/9"
FREE_SMALL_START = "free norm, start 1/d"
# Synthetic task vectors, in the same column.
UNIT_TASKS, GAUSSIAN_TASKS = "unit-norm tasks", "Gaussian tasks"

# Quantities. Half the mean squared error on held-out images, measured and in closed form; the same for inputs
# with second moment one and the learned task vectors as truth.
HALF_MSE, EXPECTED = "half MSE", "expected half MSE"
HALF_PARAMETER_ERROR = "half parameter error"
DIFFERENCE = "expected half MSE minus that of the smallest T"
NOTHING = "half MSE of predicting zero"
SLOPE, SPREAD = "slope", "spread of one draw"
FALLS, RISES = "share of draws that fall at every step", "share of draws that rise from T - 1 to T"
ADJACENT = "crossing of T - 1 and T"
KAPPA, RANK = "kappa", "effective rank of the inputs"


def crossing_of(quantity: str) -> str:
    """Return the name of the level, in kappa sigma^2, at which two curves of a quantity meet."""
    return f"crossing of {quantity}"
