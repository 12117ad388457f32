"""One spin from beginning to end: request -> step's code, sources -> plan -> outcome, difference, notes."""
