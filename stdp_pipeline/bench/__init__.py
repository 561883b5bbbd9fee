"""How fast is it: against the clock, against the limit of the machine, and against other simulators."""
