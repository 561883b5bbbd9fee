"""The model as data: parameters with units, and the state arrays. Nothing here simulates."""
