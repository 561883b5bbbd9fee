"""What a run is: typed parameters, loading with clear errors, and the list of stages that they ask for."""
