"""What decides about work: the calendar, advisories and their deadlines, the plan of a run."""
