"""Labels that share a requested amount of information: AMI, channels, matrices of tasks, cosines."""

from mtl_simulators.labels._adjusted import (
    Average,
    adjusted_mutual_information,
    ami_matrix,
    arithmetic_average,
    geometric_average,
    maximum_average,
    minimum_average,
    normalized_information,
)
from mtl_simulators.labels._agreement import agreement_of_ami, ami_of_agreement
from mtl_simulators.labels._channel import Channel
from mtl_simulators.labels._contingency import contingency_table
from mtl_simulators.labels._correlations import gaussian_correlations
from mtl_simulators.labels._cosines import ami_of_cosine, cosine_of_ami, threshold_joint
from mtl_simulators.labels._dealing import deal_labels, iid_labels, make_auxiliary_labels
from mtl_simulators.labels._families import (
    ChannelFamily,
    Merge,
    MergeThenResample,
    Permutation,
    Permuted,
    Resample,
    Symmetric,
)
from mtl_simulators.labels._information import entropy, expected_mutual_information, mutual_information
from mtl_simulators.labels._label_tasks import make_label_tasks
from mtl_simulators.labels._mixtures import fit_partition_mixture, nearest_feasible_ami
from mtl_simulators.labels._partitions import PartitionMixture, random_partition_mixture
from mtl_simulators.labels._solving import channel_parameter, feasible_ami, solve_channel
from mtl_simulators.labels._swaps import tune_by_swaps
from mtl_simulators.labels._tables import exact_table
from mtl_simulators.labels._task_matrices import star_ami, target_matrix, triangle_violation

__all__ = [
    "Average",
    "Channel",
    "ChannelFamily",
    "Merge",
    "MergeThenResample",
    "PartitionMixture",
    "Permutation",
    "Permuted",
    "Resample",
    "Symmetric",
    "adjusted_mutual_information",
    "agreement_of_ami",
    "ami_matrix",
    "ami_of_agreement",
    "ami_of_cosine",
    "arithmetic_average",
    "channel_parameter",
    "contingency_table",
    "cosine_of_ami",
    "deal_labels",
    "entropy",
    "exact_table",
    "expected_mutual_information",
    "feasible_ami",
    "fit_partition_mixture",
    "gaussian_correlations",
    "geometric_average",
    "iid_labels",
    "make_auxiliary_labels",
    "make_label_tasks",
    "maximum_average",
    "minimum_average",
    "mutual_information",
    "nearest_feasible_ami",
    "normalized_information",
    "random_partition_mixture",
    "solve_channel",
    "star_ami",
    "target_matrix",
    "threshold_joint",
    "triangle_violation",
    "tune_by_swaps",
]
