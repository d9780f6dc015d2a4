"""Networks of one estimator, the convolutions beside them, and their stacking."""
