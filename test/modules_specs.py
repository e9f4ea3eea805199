"""Specs in the format of TorchArc 2.x for tests, in few words."""

L = {"Linear": {"in_features": 8, "out_features": 4}}


def spec(modules=None, calls=None, input="x", output="fc", **more):
    """A spec of one Linear that is called once, with parts replaced."""
    calls = {"fc": ["x"]} if calls is None else calls
    modules = {"fc": L} if modules is None else modules
    return {**more, "modules": modules, "graph": {"input": input, "modules": calls, "output": output}}
