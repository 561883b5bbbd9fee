"""Pictures from arrays. Each function returns the bytes of a PNG or SVG file and touches no path."""
