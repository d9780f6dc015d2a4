"""A fitted model as a function that torch can differentiate, in double precision."""

import torch

from skrnn._network.segments import align
from skrnn.inspection._fitted import double_network

# What a network reads is explained as numbers; MultiRocket counts how often a kernel's
# response is above a bias, and Hydra which kernel has the largest one.
_REFUSAL = (
    "integrated_gradients needs a model with gradients, and a part of this {name} has "
    "none: the random convolutions ({parts}) count which responses are the largest or "
    "above a bias, so their outputs jump. Fit with n_kernels=None to have networks "
    "alone, or use permutation_importance, which needs no gradients."
)


class DifferentiableModel:
    """All networks of an estimator as one function of its inputs.

    Parameters
    ----------
    model : BaseRNN
        Fitted.
    output : Output
        What is explained.

    Raises
    ------
    ValueError
        If a part of the model has no gradients.
    """

    def __init__(self, model, output):
        whole, share = model._model, 1.0
        if whole.convolutions is not None:
            shares = whole.convolutions.shares.tolist()
            parts = [
                classifier.convolutions.title
                for classifier, weight in zip(
                    whole.convolutions.classifiers, shares[:-1], strict=True
                )
                if weight > 0
            ]
            if parts:
                name = type(model).__name__
                raise ValueError(_REFUSAL.format(name=name, parts=", ".join(parts)))
            share = shares[-1]
        self.output = output
        self.networks = [double_network(net) for net in model.nets_]
        self.weights = [share * float(weight) for weight in model.net_weights_]
        for network in self.networks:
            if network.embedding is not None:
                network.embedding = GivenVectors(network.embedding)

    @property
    def has_codes(self):
        """Whether some features are codes, in whose place the networks put vectors."""
        return self.networks[0].embedding is not None

    def __call__(self, x, lengths, chosen=None, vectors=None):
        """Compute what is explained.

        Parameters
        ----------
        x : Tensor of shape (N, L, F) of float64
            Sequences, right-padded, in the units of the networks' features.
        lengths : Tensor of shape (N,) of int64
            Present steps of each.
        chosen : Tensor of shape (N,) of int64, default=None
            Classes of the samples, where each is explained by its own.
        vectors : list of Tensor of shape (N, L, size), default=None
            By network, what stands in the place of codes; None for what is learned.

        Returns
        -------
        Tensor of shape (N,)
        """
        return self.output.of(self.parameters(x, lengths, vectors), chosen)

    def parameters(self, x, lengths, vectors=None):
        """Parameters (N, n_targets, width) of the targets; see `__call__`."""
        total = 0.0
        for place, network in enumerate(self.networks):
            if vectors is not None:
                given = align(vectors[place], lengths, network.segment_length)[0]
                network.embedding.vectors = given
            total = total + self.weights[place] * network.predict(x, lengths)
            if vectors is not None:
                network.embedding.vectors = None
        return total

    def vectors(self, x, lengths):
        """What the networks put in the place of codes.

        Returns
        -------
        list of Tensor of shape (N, L, size)
            By network.
        """
        return [
            network.embedding(
                network.scaling.inputs(x, network.scaling.moments(x, lengths))
            )
            for network in self.networks
        ]


class GivenVectors(torch.nn.Module):
    """An embedding in whose place other vectors may stand.

    Parameters
    ----------
    embedding : CodeEmbedding
        What is learned.

    Attributes
    ----------
    vectors : Tensor of shape (N, L, size), or None
        What stands in its place; None for what is learned.
    feature : Tensor of shape (size,) of int64
        Which feature each number stands for; -1 for what is no vector of a code.
    """

    def __init__(self, embedding):
        super().__init__()
        self.embedding, self.vectors, self.size = embedding, None, embedding.size
        places = []
        for feature, (number, size) in enumerate(
            zip(embedding.n_codes, embedding.sizes, strict=True)
        ):
            places += [feature if number else -1] * size
        places += [-1] * (embedding.size - len(places))
        self.feature = torch.tensor(places)

    def forward(self, inputs):
        """Look the vectors up, or give those that are set."""
        found = self.embedding(inputs)
        if self.vectors is None:
            return found
        return torch.where(self.feature >= 0, self.vectors, found)

    def mean(self, counts):
        """Mean vector (size,) over codes that were counted.

        Parameters
        ----------
        counts : dict of int to Tensor of shape (n_codes,) of float64
            How often each code is there, by feature.
        """
        mean, tables = (
            torch.zeros(self.size, dtype=torch.float64),
            iter(self.embedding.tables),
        )
        for feature, number in enumerate(self.embedding.n_codes):
            if number:
                share = counts[feature] / counts[feature].sum().clamp(min=1)
                mean[self.feature == feature] = share @ next(tables)
        return mean
