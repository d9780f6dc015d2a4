"""Codes of tokens as vectors that are learned."""

import torch
from torch import nn
from torch.nn import functional


class CodeEmbedding(nn.Module):
    """Puts a learned vector in the place of each feature that is a code.

    Parameters
    ----------
    n_codes : tuple of int
        Of each feature; 0 where it is a number, which stays.
    sizes : tuple of int
        Numbers in the vectors of each feature; 1 where it is a number.
    vectors : ndarray of shape (n_codes, size), or None
        What to begin with, of the first feature that is a code; NaN where nothing is
        given.
    n_more : int
        Inputs after the features, which stay as they are.
    generator : torch.Generator
        Source of the initial weights: normal, of deviation 1 as scaled numbers have it,
        or of that of the vectors given. Code 0 begins at zero, so that what is unknown
        says nothing where training had nothing unknown.
    """

    def __init__(self, n_codes, sizes, vectors, *, n_more=0, generator):
        super().__init__()
        self.n_codes, self.sizes = tuple(n_codes), tuple(sizes)
        self.size = sum(sizes) + n_more
        self.tables = nn.ParameterList()
        for number, size in zip(n_codes, sizes, strict=True):
            if number:
                self.tables.append(_new_table(number, size, vectors, generator))
                vectors = None

    @torch.no_grad()
    def forget(self, seen):
        """Have codes say nothing that training will not see.

        Parameters
        ----------
        seen : list of ndarray of shape (n_codes,) of bool
            Of each table, which codes training samples have.
        """
        for table, is_seen in zip(self.tables, seen, strict=True):
            table[torch.from_numpy(~is_seen)] = 0.0

    def forward(self, inputs):
        """Look the vectors up.

        Parameters
        ----------
        inputs : Tensor of shape (N, L, F + n_more), any real dtype
            Scaled numbers, and codes as they are.

        Returns
        -------
        Tensor of shape (N, L, size)
            Where the weights are, and of their type.
        """
        tables, parts = iter(self.tables), []
        inputs = inputs.to(self.tables[0].device)
        for feature, number in enumerate(self.n_codes):
            values = inputs[:, :, feature]
            if number:
                parts.append(functional.embedding(values.long(), next(tables)))
            else:
                parts.append(values[:, :, None].to(self.tables[0].dtype))
        parts.append(inputs[:, :, len(self.n_codes) :].to(self.tables[0].dtype))
        return torch.cat(parts, dim=2)


def _new_table(n_codes, size, vectors, generator):
    weight = torch.empty(n_codes, size).normal_(generator=generator)
    weight[0] = 0.0
    if vectors is not None:
        given = torch.as_tensor(vectors, dtype=weight.dtype)
        is_there = ~given.isnan()
        weight *= given[is_there].std(correction=0)
        weight = torch.where(is_there, given, weight)
    return nn.Parameter(weight)


def embedding_size(n_codes):
    """Choose how many numbers a vector has, for "auto".

    The rule of fast.ai (Howard and Gugger 2020, Information 11(2)), before it was made
    larger: half as many as there are codes, and 50 at the most.

    Parameters
    ----------
    n_codes : int
        Codes of a feature.

    Returns
    -------
    int
    """
    return min(50, (n_codes + 1) // 2)
