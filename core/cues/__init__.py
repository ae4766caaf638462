"""What is known beside the 12 features, on the same clock, never mixed into them."""
