"""The words that stand in the columns of the rows."""

# Methods.
ALONE, SHARED, ALIGNED = "single-task", "multitask", "aligned multitask"
RELU_ALONE, RELU_SHARED = "single-task ReLU", "multitask ReLU"

# Protocols: the recipe in the paper's text, and one that can show what its figure shows.
PRINTED, CORRECTED = "printed", "noisy and data-poor"
SAME, OTHER = "source with the target's covariance", "source with another covariance"

# Quantities.
RELATIVE = "relative error"
WINS = "share of draws better than single-task"
WINS_PLAIN = "share of draws better than multitask"
GAIN = "gain over single-task"
GAIN_PLAIN = "gain over multitask"
ACCURACY = "accuracy"
R_SQUARED = "explained variance"
SIMILARITY = "covariance similarity"
WEIGHT = "weight of the noisy task over the mean of the others"
DOWN = "share of draws in which the noisy task is weighted down"
