"""What is learned from the samples before the training: moments and ridge."""
