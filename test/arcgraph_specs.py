"""Arc-Graph specs for tests, in few words."""


def node(name, type, inputs=None, **params):
    """A node; keys without a value are left out."""
    found = {"name": name, "type": type, "params": params, "inputs": inputs}
    return {key: value for key, value in found.items() if value is not None and value != {}}


def tensor(shape, dtype="float32"):
    """An input."""
    return {"dtype": dtype, "shape": shape}


def graph(*nodes, inputs=None, outputs=None, **more):
    """A spec; without inputs one of 8 features named `x`, without outputs the last node.

    A list as an input is the shape of a float32 tensor.
    """
    inputs = {"x": [None, 8]} if inputs is None else inputs
    if isinstance(inputs, dict):
        inputs = {key: tensor(value) if isinstance(value, list) else value for key, value in inputs.items()}
    outputs = {"y": nodes[-1]["name"]} if outputs is None else outputs
    return {"inputs": inputs, "graph": list(nodes), "outputs": outputs, **more}


SEQUENCE = {"x": [None, 5, 8]}
RELU = node("act", "ReLU", "x")
FC = node("fc", "Linear", "x", out_features=4)
RNN = node("rnn", "LSTM", "x", hidden_size=4, batch_first=True)
MODULE = {
    "inputs": ["a"],
    "params": {"width": None},
    "graph": [node("in", "Linear", "a", out_features="width")],
    "outputs": {"o": "in"},
}


def module(**changes):
    """The modules of a spec: one of a Linear, with some of its keys changed."""
    return {"block": {**MODULE, **changes}}


def without(spec, *keys):
    return {key: value for key, value in spec.items() if key not in keys}
