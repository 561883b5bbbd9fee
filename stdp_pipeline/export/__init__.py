"""Write the input spikes of an experiment for other tools: what ``stdp export-events`` does."""
