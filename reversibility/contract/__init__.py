"""The contract's clauses as data, and the assessment of a bundle against them."""
