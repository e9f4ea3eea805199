"""Published architectures as spec files: `build('zoo/resnet50')`, `build('zoo/resnet50', num_classes=10)`.

Files are by family, `resnet.yaml`, and `index.yaml` names their members by the values they need.
`zoo.list()` gives the names. A name may state its version, `zoo/resnet50@1`; a name whose network
changes gets a new version. `zoo.load_weights` fills one with the weights of another library.
"""

from torcharc.spec.zoo_index import list_names as list
from torcharc.zoo.weights import load_weights

__all__ = ["list", "load_weights"]
