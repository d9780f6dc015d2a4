"""Whether the weights of networks are still those that they were."""

__all__ = ["WeightWatch"]


class WeightWatch:
    """Notes the weights of networks, and tells whether any has been changed since.

    Parameters
    ----------
    networks : list of torch.nn.Module
        The networks.
    """

    def __init__(self, networks):
        # Dicts of modules are looked into, which takes a tenth of the time of a walk.
        self._children, self._weights = [], []
        for network in networks:
            for module in network.modules():
                for name, child in module._modules.items():
                    self._children.append((module._modules, name, child))
                for name, weight in module._parameters.items():
                    if weight is not None:
                        self._weights.append((module._parameters, name, weight))
        self._were = self._state()

    def _state(self):
        return [(w._version, w.data_ptr()) for _, _, w in self._weights]

    def is_as_it_was(self):
        """Whether every weight is the same, in the same place, and not written to."""
        return (
            all(parts.get(name) is part for parts, name, part in self._weights)
            and all(parts.get(name) is part for parts, name, part in self._children)
            and self._state() == self._were
        )
