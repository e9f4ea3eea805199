"""`check` and `repair`: problems as data, and what a program can mend."""

import torcharc


def test_repair_mends_a_misspelt_tensor_name():
    arc = {
        "dag_in_shape": {"image": [4], "vector": [4]},
        "sum": {"type": "SumMerge", "in_names": ["image", "vectr"]},
    }
    mended, applied = torcharc.repair(arc)
    assert mended["sum"]["in_names"] == ["image", "vector"]
    assert [problem.path for problem in applied] == [("sum", "in_names", 1)]
    assert torcharc.check(mended) == []
