"""What a fitted model has learned: which inputs matter, and what happens inside."""

from skrnn.inspection._gradient_flow import GradientFlow, gradient_flow
from skrnn.inspection._integrated_gradients import Attributions, integrated_gradients
from skrnn.inspection._permutation_importance import permutation_importance
from skrnn.inspection._states import attention_weights, gates, hidden_states

__all__ = [
    "Attributions",
    "GradientFlow",
    "attention_weights",
    "gates",
    "gradient_flow",
    "hidden_states",
    "integrated_gradients",
    "permutation_importance",
]
