"""The network: recurrent layers, pooling, decoder and head."""
