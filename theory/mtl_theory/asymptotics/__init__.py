"""High-dimensional limits of multitask regression: closed forms for samples and features in proportion."""

from mtl_theory.asymptotics._arguments import RiskParts
from mtl_theory.asymptotics._combined import combined_shift_risk
from mtl_theory.asymptotics._covariate import (
    covariate_shift_variance,
    equal_covariances_are_best,
    equal_covariances_factor,
)
from mtl_theory.asymptotics._engine import asymptotic_risk
from mtl_theory.asymptotics._heads import head_ratio_objective, limit_head_ratio, pair_risk
from mtl_theory.asymptotics._many_tasks import (
    best_capacity,
    capacity_risk,
    plug_in_capacity,
    random_effects_capacity_risk,
)
from mtl_theory.asymptotics._pooled import (
    pooled_bias_factor,
    pooled_risk,
    pooled_variance_factor,
    printed_variance_factor,
    single_task_risk,
)
from mtl_theory.asymptotics._thresholds import (
    TransferRegime,
    best_source_size,
    critical_cosine,
    critical_source_size,
    equal_heads_critical_cosine,
    positive_source_sizes,
    transfer_regime,
)
from mtl_theory.asymptotics._weighting import (
    estimate_squared_distance,
    optimal_source_weight,
    soft_sharing_penalty,
    source_weight_rule,
    weighted_pair_risk,
)

__all__ = [
    "RiskParts",
    "TransferRegime",
    "asymptotic_risk",
    "best_capacity",
    "best_source_size",
    "capacity_risk",
    "combined_shift_risk",
    "covariate_shift_variance",
    "critical_cosine",
    "critical_source_size",
    "equal_covariances_are_best",
    "equal_covariances_factor",
    "equal_heads_critical_cosine",
    "estimate_squared_distance",
    "head_ratio_objective",
    "limit_head_ratio",
    "optimal_source_weight",
    "pair_risk",
    "plug_in_capacity",
    "pooled_bias_factor",
    "pooled_risk",
    "pooled_variance_factor",
    "positive_source_sizes",
    "printed_variance_factor",
    "random_effects_capacity_risk",
    "single_task_risk",
    "soft_sharing_penalty",
    "source_weight_rule",
    "transfer_regime",
    "weighted_pair_risk",
]
