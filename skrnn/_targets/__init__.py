"""What is predicted: losses, heads, and the way from y and back."""
