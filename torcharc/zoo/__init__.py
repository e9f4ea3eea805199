"""Published architectures as spec files: `build('zoo/resnet50')`, `build('zoo/resnet50', num_classes=10)`.

Files are by family, `resnet.yaml`, and `index.yaml` names their members by the values they need.
`zoo.list()` gives the names. A name may state its version, `zoo/resnet50@1`; a name whose network
changes gets a new version. `load_weights` fills a network with the weights of another library.
`nasbench101`, `nasbench201` and `darts` read cells in the notation of their benchmarks, and give specs.
`torcharc.zoo.text` has the models for text as classes too.
"""

from torcharc.spec.zoo_index import list_names as list
from torcharc.zoo.genotype_darts import darts
from torcharc.zoo.genotype_nasbench import nasbench101, nasbench201
from torcharc.zoo.weights import load_weights

__all__ = ["darts", "list", "load_weights", "nasbench101", "nasbench201"]
