"""Faulty forks and merges."""

import pytest

CASES = [
    pytest.param(
        {"dag_in_shape": [8], "fork": {"type": "SplitFork", "shapes": {"a": [4], "b": [3]}}},
        """1 problem in the spec
spec.fork.shapes
  found: {'a': [4], 'b': [3]}, in sum 7
  expected: sizes that sum to 8, the first axis of (8)""",
        id="row_31_split_sizes_do_not_sum",
    ),
    pytest.param(
        {"dag_in_shape": [8], "fork": {"type": "SplitFork", "shapes": {"a": [0], "b": [8]}}},
        """1 problem in the spec
spec.fork.shapes.a
  found: [0]
  expected: [size], an integer above 0""",
        id="row_31_split_size_zero",
    ),
    pytest.param(
        {"dag_in_shape": [8], "fork": {"type": "SplitFork", "shapes": {"a": [4, 4]}}},
        """1 problem in the spec
spec.fork.shapes.a
  found: [4, 4]
  expected: [size], an integer above 0""",
        id="row_31_split_size_of_rank_two",
    ),
    pytest.param(
        {"dag_in_shape": [8], "fork": {"type": "SplitFork", "shapes": [4, 4]}},
        """1 problem in the spec
spec.fork.shapes
  found: [4, 4]
  expected: a mapping""",
        id="row_31_split_sizes_in_a_list",
    ),
    pytest.param(
        {"dag_in_shape": [8], "fork": {"type": "SplitFork"}},
        """1 problem in the spec
spec.fork
  found: no key 'shapes'
  expected: the key 'shapes', which is required""",
        id="row_31_split_sizes_missing",
    ),
    pytest.param(
        {
            "dag_in_shape": {"image": [3, 8, 8], "vector": [8]},
            "film": {"type": "FiLMMerge", "in_names": ["image", "vector"]},
        },
        """1 problem in the spec
spec.film
  found: no key 'names'
  expected: the key 'names', which is required""",
        id="row_32_film_without_names",
    ),
    pytest.param(
        {
            "dag_in_shape": {"image": [3, 8, 8], "vector": [8]},
            "film": {"type": "FiLMMerge", "names": {"feature": "image", "conditioner": "vector"}},
        },
        """1 problem in the spec
spec.film.in_names
  found: 1 tensor
  expected: 2 tensors: the feature and the conditioner
  hint: write in_names: [image, vector]""",
        id="row_32_film_without_in_names",
    ),
    pytest.param(
        {"dag_in_shape": [8], "film": {"type": "FiLMMerge", "names": {"feature": "image", "conditioner": "vector"}}},
        """1 problem in the spec
spec.film.in_names
  found: 1 tensor
  expected: 2 tensors: the feature and the conditioner""",
        id="row_32_film_on_one_tensor",
    ),
    pytest.param(
        {
            "dag_in_shape": {"image": [3, 8, 8], "vector": [8]},
            "film": {"type": "FiLMMerge", "in_names": ["image", "vector"], "names": {"feature": "image"}},
        },
        """1 problem in the spec
spec.film.names
  found: no key 'conditioner'
  expected: the key 'conditioner', which is required""",
        id="row_32_film_with_a_role_missing",
    ),
    pytest.param(
        {
            "dag_in_shape": {"image": [3, 8, 8], "vector": [8]},
            "film": {
                "type": "FiLMMerge",
                "in_names": ["image", "vector"],
                "names": {"feature": "image", "conditoner": "vector"},
            },
        },
        """1 problem in the spec
spec.film.names.conditoner
  found: the key 'conditoner'
  expected: one of the keys: conditioner, feature
  hint: did you mean 'conditioner'?""",
        id="row_32_film_with_a_role_misspelt",
    ),
    pytest.param(
        {
            "dag_in_shape": {"image": [3, 8, 8], "vector": [8]},
            "film": {
                "type": "FiLMMerge",
                "in_names": ["image", "vector"],
                "names": {"feature": "image", "conditioner": "vectr"},
            },
        },
        """1 problem in the spec
spec.film.names.conditioner
  found: 'vectr'
  expected: one of in_names: image, vector
  hint: did you mean 'vector'?""",
        id="row_32_film_with_a_name_misspelt",
    ),
    pytest.param(
        {
            "dag_in_shape": {"image": [3, 8, 8], "vector": [8]},
            "film": {
                "type": "FiLMMerge",
                "in_names": ["image", "vector"],
                "names": {"feature": "vector", "conditioner": "image"},
            },
        },
        """1 problem in the spec
spec.film.names.conditioner
  found: 'image' (3, 8, 8)
  expected: the shape [K] of a vector""",
        id="row_32_film_with_roles_swapped",
    ),
]
