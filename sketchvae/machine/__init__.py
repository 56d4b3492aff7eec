"""G-code -> a plotter that runs GRBL; knows nothing of drawings."""
