"""What some losses require, and what is said of faulty ones."""

import pytest

from torcharc.criterion import build_criterion
from torcharc.errors import SpecError

REQUIRED = {
    "AdaptiveLogSoftmaxWithLoss": {"in_features": 4, "n_classes": 6, "cutoffs": [2]},
    "LinearCrossEntropyLoss": {"in_features": 4, "num_classes": 6},
}


def message(spec):
    with pytest.raises(SpecError) as error:
        build_criterion(spec)
    return str(error.value)
