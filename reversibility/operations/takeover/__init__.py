"""Take-over of a market by a successor: progress, handed-over access, and audit."""
