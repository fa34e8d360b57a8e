"""Take-over of a market by a successor: how far it is, what was handed over, and what differs from it."""
