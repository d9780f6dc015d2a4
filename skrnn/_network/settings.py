"""What a network is told: the parameters of an estimator that concern it, decided."""

from dataclasses import dataclass


@dataclass(frozen=True)
class NetworkSettings:
    """Parameters of a network, by their names in the estimators; no ``"auto"`` left.

    ``init`` names a scheme, whatever weights replace the initial ones later, and
    ``linear_steps`` is the number of steps that a linear path reads, or None.
    ``n_codes`` and ``embedding_sizes`` are those of `CodeEmbedding`, or None where all
    features are numbers.
    """

    cell: str
    hidden_size: int
    num_layers: int
    bidirectional: bool
    nonlinearity: str
    segment_length: int | None
    dropout: float
    recurrent_dropout: float
    input_noise: float
    norm: str | None
    residual: bool
    pooling: str
    tbptt_steps: int | None
    init: str
    scale: bool
    instance_norm: str | None
    missing: str
    dtype: str
    decoder: str = "linear"
    linear_steps: int | None = None
    n_codes: tuple | None = None
    embedding_sizes: tuple | None = None
    n_filters: int | None = None

    @property
    def changeable(self):
        """What may differ in a training that goes on (dict)."""
        names = ("dropout", "recurrent_dropout", "input_noise", "tbptt_steps")
        return {name: getattr(self, name) for name in names}
