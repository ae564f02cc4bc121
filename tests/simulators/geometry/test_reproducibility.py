"""Every generator: the same rng gives the same bytes, and fresh replicates leave the earlier ones alone."""

from functools import partial

import numpy as np
import pytest

from mtl_simulators import geometry

BASIS = np.eye(2, 7)
MAKERS = {
    "gaussian": partial(geometry.make_gaussian_tasks, n_tasks=3, n_features=7),
    "orthonormal": partial(geometry.make_orthonormal_tasks, n_tasks=3, n_features=7),
    "low rank": partial(geometry.make_low_rank_tasks, n_tasks=3, n_features=7, rank=2, residual=0.1),
    "spectrum": partial(geometry.make_tasks_with_spectrum, spectrum=[2.0, 1.0], n_tasks=3, n_features=7),
    "gram": partial(geometry.make_tasks_with_gram, gram=[[2.0, 1.0], [1.0, 3.0]], n_features=7),
    "equicorrelated": partial(geometry.make_equicorrelated_tasks, n_tasks=3, n_features=7, cosine=0.3),
    "clustered": partial(
        geometry.make_clustered_tasks, cluster_sizes=[2, 1], n_features=7, within=0.5, between=0.1
    ),
    "subspace": partial(geometry.make_subspace, n_features=7, dimension=2),
    "subspace at angles": partial(geometry.make_subspace_at_angles, basis=BASIS, angles=[0.1, 1.0]),
}


@pytest.mark.parametrize("make", MAKERS.values(), ids=MAKERS.keys())
def test_same_rng_gives_the_same_bytes_and_another_does_not(make):
    first = make(np.random.default_rng(5), n_replicates=3)
    assert first.dtype == np.float64 and first.flags.c_contiguous and first.flags.writeable
    assert first.shape[0] == 3 and first.shape[2] == 7
    assert first.tobytes() == make(np.random.default_rng(5), n_replicates=3).tobytes()
    assert not np.isclose(first, make(np.random.default_rng(6), n_replicates=3)).all()


@pytest.mark.parametrize("make", MAKERS.values(), ids=MAKERS.keys())
def test_one_rng_gives_new_values_at_every_call(make):
    rng = np.random.default_rng(5)
    assert not np.isclose(make(rng), make(rng)).any()


@pytest.mark.parametrize("make", MAKERS.values(), ids=MAKERS.keys())
def test_replicates_differ_and_the_first_do_not_depend_on_their_number(make):
    few = make(np.random.default_rng(7), n_replicates=2)
    many = make(np.random.default_rng(7), n_replicates=5)
    assert np.array_equal(few, many[:2])
    assert not np.isclose(many[0], many[1]).any()


def test_rotations_are_reproducible():
    first = geometry.make_rotation(np.random.default_rng(8), n_features=4)
    assert first.shape == (4, 4)
    assert first.tobytes() == geometry.make_rotation(np.random.default_rng(8), n_features=4).tobytes()
    assert not np.isclose(first, geometry.make_rotation(np.random.default_rng(9), n_features=4)).all()


@pytest.mark.parametrize("make", MAKERS.values(), ids=MAKERS.keys())
@pytest.mark.parametrize("count", [0, -1, 1.5, True])
def test_replicates_must_be_a_positive_integer(make, count):
    with pytest.raises(ValueError, match="n_replicates must be an integer of at least 1, got"):
        make(np.random.default_rng(0), n_replicates=count)
